package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/search/library"
)

// searchAnswer is how far a search index is.
type searchAnswer struct {
	Points     int64 `json:"points"`
	Messages   int64 `json:"messages"`
	Bytes      int64 `json:"bytes"`
	Unreadable int64 `json:"unreadable"`
}

func newRepositorySearchIndex(o *offline) *cobra.Command {
	var rebuild bool
	cmd := &cobra.Command{
		Use: "search-index PATH", Short: "Bring the search index of a repository up to date, or make it anew", Args: between(1, 1),
		Long: "Bring the search index of a repository up to date, or make it anew. The index is derived from the recovery points; a Transporter\n" +
			"that has the repository attached does this by itself, also when the index is missing or damaged. It can be stopped at any\n" +
			"time and started again.",
		Example: "  holdfast-transporter repository search-index /srv/holdfast/vault --rebuild",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, args[0], func(r *repository.Repository) error {
				progress, end := showProgress(os.Stderr)
				x := search.New(library.Library{Repository: r}, search.Options{Dir: r.SearchFolder(), Progress: func(done, total int) {
					progress(repository.Progress{Phase: "index points", Done: int64(done), Total: int64(total)})
				}})
				defer x.Close()
				if rebuild {
					x.Rebuild()
				}
				err := x.Update(cmd.Context())
				end()
				if err != nil {
					return err
				}
				s := x.Status()
				a := searchAnswer{s.Points, s.Documents, s.Bytes, s.Unreadable}
				return o.answer(cmd, a, func(w io.Writer) {
					fmt.Fprintf(w, "%d points with %d messages are indexed in %s", a.Points, a.Messages, megabytes(a.Bytes))
					if a.Unreadable > 0 {
						fmt.Fprintf(w, "; %d messages could not be read whole", a.Unreadable)
					}
					fmt.Fprintln(w)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "throw the index away and make it anew")
	return cmd
}
