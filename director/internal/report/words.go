package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/director/internal/record"
)

// Subject says the result first, then what it is of.
func Subject(run *record.Run, damaged bool) string {
	if run.Kind != record.KindBackup {
		word := result(run.Status)
		if damaged {
			word = "Damage found"
		}
		return word + ": " + run.Title
	}
	switch bad := run.Failed + run.Incomplete + run.Stopped; {
	case run.Status == record.RunSucceeded:
		return fmt.Sprintf("%s: %s (%s)", result(run.Status), run.JobName, counted(int64(run.Tasks), "mailbox", "mailboxes"))
	case bad == 0: // its script failed
		return fmt.Sprintf("%s: %s", result(run.Status), run.JobName)
	default:
		return fmt.Sprintf("%s: %s (%d of %s)", result(run.Status), run.JobName, bad, counted(int64(run.Tasks), "mailbox", "mailboxes"))
	}
}

func result(s record.RunStatus) string {
	switch s {
	case record.RunSucceeded:
		return "Succeeded"
	case record.RunIncomplete:
		return "Incomplete"
	case record.RunStopped:
		return "Stopped"
	default:
		return "Failed"
	}
}

func taskResult(s record.TaskStatus) string {
	switch s {
	case record.TaskFailed:
		return "failed"
	case record.TaskIncomplete:
		return "incomplete"
	default:
		return "stopped"
	}
}

// kind is how programs call what a run does.
func kind(k record.RunKind) string {
	names := map[record.RunKind]string{
		record.KindBackup: "backup", record.KindRecovery: "recovery", record.KindVerify: "verify", record.KindReclaim: "reclaim",
		record.KindRepair: "repair", record.KindCopy: "copy", record.KindSurvey: "survey", record.KindUndo: "undo", record.KindDrill: "drill",
		record.KindDetach: "detach", record.KindAttach: "attach", record.KindDirectorBackup: "director-backup",
	}
	if name, ok := names[k]; ok {
		return name
	}
	return "kind-" + strconv.Itoa(int(k))
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// number is 1,234,567.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size is in decimal units.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1000, 0
	units := []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	for v >= 999.95 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}

// span is "4 min 12 s".
func span(d time.Duration) string {
	d = max(0, d.Round(time.Second))
	var parts []string
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / u.of; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.of
		} else if len(parts) > 0 {
			break
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

// when is a time in the report's zone, which it names.
func (f *Facts) when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(f.Zone).Format("Mon 2 Jan 2006 15:04:05 MST")
}

// text makes what came from elsewhere one line of limited length.
func text(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return '\uFFFD'
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 500 {
		return string(runes[:499]) + "…"
	}
	return s
}
