package work_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"holdfast/test/graphsim"
)

// fault is one way in which the tenant fails (contract 14.25), often enough to be met and seldom enough for runs to end.
func (s *soak) fault() graphsim.Fault {
	p := 0.005 + 0.03*s.rng.Float64()
	kinds := []string{"*.*", "messages.*", "attachments.*", "folders.*", "messages.delta", "batch"}
	kind := kinds[s.rng.IntN(len(kinds))]
	if kind != "*.*" {
		p *= 3
	}
	f := graphsim.Fault{Kind: kind, Probability: p}
	switch s.rng.IntN(14) {
	case 0:
		f.Reset = true
	case 1:
		f.LoseReply = true
	case 2:
		f.TruncateAt = 1 + s.rng.Int64N(400)
	case 3:
		f.TruncateAt = 1 + s.rng.Int64N(40_000)
	case 4:
		f.Status, f.RetryAfter = http.StatusTooManyRequests, "0.02"
	case 5: // a storm
		f.Status, f.Probability, f.Count = http.StatusTooManyRequests, 0, 15
	case 6:
		f.Status = http.StatusInternalServerError
	case 7:
		f.Status, f.Body = http.StatusBadGateway, "empty"
	case 8:
		f.Status, f.Body = http.StatusServiceUnavailable, "html"
	case 9:
		f.Status = http.StatusGatewayTimeout
	case 10:
		f.Status, f.Probability, f.Count = http.StatusUnauthorized, 0, 6
	case 11:
		f.SlowBody = time.Millisecond
	case 12:
		f.Kind, f.Status, f.Code = "attachments.*", http.StatusInternalServerError, "ErrorCannotOpenFileAttachment"
	case 13:
		f.Delay = 2 * time.Millisecond
	}
	return f
}

// change does something to the mailbox.
func (s *soak) change() {
	seed := s.rng.Uint64()
	n := 1 + s.rng.IntN(4)
	what, err := s.changeOnce(s.rng.IntN(17), n, seed)
	s.note("change at request %d: %s: %v", s.requests.Load(), what, err)
}

func (s *soak) changeOnce(op, n int, seed uint64) (string, error) {
	random := func(do string, to ...string) (string, error) {
		ids, err := s.sim.Change(s.mailbox, graphsim.Change{Do: do, Random: n, Seed: seed, To: to, Text: fmt.Sprint("text ", seed%1000)})
		return fmt.Sprintf("%s %q to %q", do, ids, to), err
	}
	switch op {
	case 0, 1, 2, 3:
		return "new mail", s.add(n)
	case 4, 5:
		return random("move", s.anyFolder()...)
	case 6:
		return random("copy", s.anyFolder()...)
	case 7:
		return random("edit")
	case 8:
		return random("delete")
	case 9:
		return random("permanent")
	case 10, 11:
		return random("toggle")
	case 12:
		return random("flag")
	case 13:
		return random("categorize")
	case 14:
		return s.changeFolders(seed)
	case 15:
		if s.quirk {
			return "", errNothing
		}
		return "expire the delta tokens", s.sim.ExpireDelta(s.mailbox, []string{"", "ResyncRequired", "syncStateInvalid"}[s.rng.IntN(3)])
	default:
		return s.changeTenant()
	}
}

// changeFolders makes a folder, or deletes one with all that is in it.
func (s *soak) changeFolders(seed uint64) (string, error) {
	if len(s.folders) > 1 && !s.quirk && s.chance(3) {
		i := s.rng.IntN(len(s.folders))
		path := s.folders[i]
		s.folders = append(s.folders[:i:i], s.folders[i+1:]...)
		_, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "deleteFolder", Folder: path})
		return "delete folder " + strings.Join(path, "/"), err
	}
	path := []string{"inbox", fmt.Sprint("Folder ", seed%100_000)}
	if s.chance(2) {
		path = path[1:]
	}
	err := s.sim.AddFolder(s.mailbox, path, s.chance(5), false, false)
	if err == nil {
		s.folders = append(s.folders, path)
	}
	return "folder " + strings.Join(path, "/"), err
}

// changeTenant changes something other than mail: a mailbox too full for delta, clocks that disagree.
func (s *soak) changeTenant() (string, error) {
	if s.quirk || s.chance(2) {
		skew := time.Duration(s.rng.IntN(600)-300) * time.Second
		return "clock", s.sim.SetClock(skew)
	}
	_, err := s.sim.UpdateUser(s.mailbox, func(u *graphsim.User) error { u.DeltaQuota = !u.DeltaQuota; return nil })
	return "delta quota", err
}

func (s *soak) anyFolder() []string {
	all := append([][]string{{"inbox"}, {"archive"}, {"sentitems"}, {"deleteditems"}}, s.folders...)
	return all[s.rng.IntN(len(all))]
}

// add delivers new mail.
func (s *soak) add(n int) error {
	for range n {
		if len(s.mail) == 0 {
			return errNothing
		}
		m := s.mail[0]
		s.mail = s.mail[1:]
		m.Folder = s.anyFolder()
		if err := s.sim.AddMessages(s.mailbox, m); err != nil {
			return err
		}
	}
	return nil
}
