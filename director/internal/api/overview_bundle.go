package api

import (
	"context"
	"net/http"

	"holdfast/director/internal/cli/configfile"
)

// configuration answers what the export of a configuration asks, with nobody in between: who may call is asked before.
type configuration struct {
	*transporters
	*accounts
	*repositories
	*jobService
	*drills
	*notifications
	*maintenance
}

var _ configfile.API = configuration{}

// config returns the configuration as a file without secrets. Arguments of scripts may be secrets too, and are left out.
func (d downloads) config(ctx context.Context) ([]byte, error) {
	o := d.Options
	state, err := configfile.Read(ctx, configuration{
		&transporters{o}, &accounts{o}, &repositories{o}, &jobService{o}, &drills{o}, &notifications{o}, &maintenance{o},
	}, nil)
	if err != nil {
		return nil, err
	}
	f, err := configfile.Export(state)
	if err != nil {
		return nil, err
	}
	f.HideArguments()
	return f.Encode()
}

// support serves a support bundle.
func (d downloads) support(w http.ResponseWriter, r *http.Request) (begun bool, err error) {
	asFile(w, "holdfast-support-"+d.Now().UTC().Format("20060102-150405")+".zip", "application/zip")
	out := &counting{ResponseWriter: w}
	err = d.Bundle(r.Context(), out, d.config)
	return out.begun, err
}

// counting knows whether anything was written: what fails before is an answer, and after it a broken connection.
type counting struct {
	http.ResponseWriter
	begun bool
}

func (c *counting) Write(p []byte) (int, error) {
	c.begun = true
	return c.ResponseWriter.Write(p)
}
