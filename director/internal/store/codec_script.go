package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeRunScripts(s *sealer, r *record.RunScripts) (*statev1.RunScripts, error) {
	p := &statev1.RunScripts{RunId: string(r.Run)}
	var err error
	if p.Before, err = encodeScriptState(s, r.Before, scriptPlace(p, "before")); err != nil {
		return nil, err
	}
	p.After, err = encodeScriptState(s, r.After, scriptPlace(p, "after"))
	return p, err
}

func decodeRunScripts(s *sealer, p *statev1.RunScripts) (record.RunScripts, error) {
	r := record.RunScripts{Run: record.RunID(p.GetRunId())}
	var err error
	if r.Before, err = decodeScriptState(s, p.GetBefore(), scriptPlace(p, "before")); err != nil {
		return record.RunScripts{}, err
	}
	r.After, err = decodeScriptState(s, p.GetAfter(), scriptPlace(p, "after"))
	return r, err
}

func scriptPlace(p *statev1.RunScripts, when string) string {
	return "run-scripts/" + p.GetRunId() + "/" + when
}

// sealScript returns a script sealed: its arguments and variables may be passwords. Nothing is nothing.
func sealScript(s *sealer, r *record.Script, place string) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	return s.sealMessage(encodeScript(r), place)
}

func openScript(s *sealer, sealed []byte, place string) (*record.Script, error) {
	var p statev1.Script
	if err := s.openMessage(sealed, place, &p); err != nil {
		return nil, err
	}
	return decodeScript(&p), nil
}

func encodeScriptState(s *sealer, r *record.ScriptState, place string) (*statev1.ScriptState, error) {
	if r == nil {
		return nil, nil
	}
	sealed, err := sealScript(s, &r.Script, place)
	return &statev1.ScriptState{
		SealedScript: sealed, Status: int32(r.Status), Started: stamp(r.Started), Ended: stamp(r.Ended), ExitCode: r.Code,
		Output: r.Output, Dropped: r.Dropped, Error: r.Error, FaultKind: int32(r.FaultKind),
	}, err
}

func decodeScriptState(s *sealer, p *statev1.ScriptState, place string) (*record.ScriptState, error) {
	if p == nil {
		return nil, nil
	}
	script, err := openScript(s, p.GetSealedScript(), place)
	if err != nil {
		return nil, err
	}
	return &record.ScriptState{
		Script: *script, Status: record.ScriptStatus(p.GetStatus()), Started: moment(p.GetStarted()),
		Ended: moment(p.GetEnded()), Code: p.GetExitCode(), Output: p.GetOutput(), Dropped: p.GetDropped(), Error: p.GetError(),
		FaultKind: fault.Kind(p.GetFaultKind()), //nolint:gosec // it was one when it was written
	}, nil
}
