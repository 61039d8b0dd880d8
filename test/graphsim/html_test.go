package graphsim

import "testing"

// Contract 4.2: what is active is taken out, wherever the cheap look before it might miss it.
func TestSanitizeTakesOutWhatIsActive(t *testing.T) {
	for in, want := range map[string]string{
		`<p>on and on = off</p>`:                     `<p>on and on = off</p>`,
		`<p ONclick = "x()">a</p>`:                   `<p>a</p>`,
		"<p\nonload='x()'\tonerror=y>a</p>":          `<p>a</p>`,
		`<SCRIPT>x()</script>b`:                      `b`,
		`<a HREF="JavaScript:x()">c</a>`:             `<a HREF="#">c</a>`,
		`a<iframe src=x>`:                            `a`,
		`<p>salon on the corner, son=1, moon =2</p>`: `<p>salon on the corner, son=1, moon =2</p>`,
	} {
		if got := sanitize(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
