package cli

import (
	"strings"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// scriptResults prints how the scripts around a run went.
func (a *app) scriptResults(list []*pb.ScriptResult) error {
	for _, s := range list {
		if err := a.say("\nscript %s the job: %s %s", s.GetWhen(), s.GetPath(), a.scriptEnd(s)); err != nil {
			return err
		}
		for line := range strings.Lines(s.GetOutput()) {
			if err := a.say("  | %s", strings.TrimRight(line, "\r\n")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) scriptEnd(s *pb.ScriptResult) string {
	what := "succeeded"
	switch {
	case s.GetError() != "":
		what = "failed: " + s.GetError()
	case s.GetEnded() == nil && s.GetDetached():
		return "is running, and is not waited for"
	case s.GetEnded() == nil:
		return "is running"
	}
	if s.GetEnded() != nil {
		what += " (after " + a.took(s.GetStarted(), s.GetEnded()) + ")"
	}
	if s.GetError() != "" && !s.GetRequired() {
		what += "; the run did not depend on it"
	}
	return what
}
