package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// count is 1,234,567.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// counted is "1 message", "2 messages".
func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "x") {
		return count(n) + " " + thing + "es"
	}
	return count(n) + " " + thing + "s"
}

// size is in the decimal units that Microsoft and disk makers use.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, units := float64(n)/1000, []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	i := 0
	for v >= 999.95 && i < len(units)-1 {
		v /= 1000
		i++
	}
	if v < 9.995 {
		return fmt.Sprintf("%.2f %s", v, units[i])
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// duration is "850 ms", "4.2 s", "3 min 5 s", "2 h 4 min", "3 d 2 h".
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 s"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return pair(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 24*time.Hour:
		return pair(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	default:
		return pair(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
	}
}

func pair(big int, bigUnit string, small int, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", big, bigUnit)
	}
	return fmt.Sprintf("%d %s %d %s", big, bigUnit, small, smallUnit)
}

// when is a time in the operator's zone, "-" when unset.
func (a *app) when(t *timestamppb.Timestamp) string {
	if t == nil || t.GetSeconds() == 0 {
		return "-"
	}
	return t.AsTime().In(a.Zone).Format("2006-01-02 15:04:05")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// word is the last part of an enum's name, as people write it: CLOUD_US_GOV_L4 with "CLOUD_" is "us-gov-l4".
func word(enum fmt.Stringer, prefix string) string {
	w := strings.TrimPrefix(enum.String(), prefix)
	if w == "UNSPECIFIED" {
		return "-"
	}
	return strings.ReplaceAll(strings.ToLower(w), "_", "-")
}

// trimFloat has one digit after the point, none for whole numbers.
func trimFloat(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// plainWord is what a shell takes as one word without quotes.
var plainWord = regexp.MustCompile(`^[\p{L}\p{N}._@-]+$`)

// shellWord is a name as it is typed in a command.
func shellWord(name string) string {
	if plainWord.MatchString(name) && !strings.HasPrefix(name, "-") {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
