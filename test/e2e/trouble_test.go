package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"holdfast/test/site"
)

// troubled is a site whose ways can be cut: from the Director to each Transporter, and from the first Transporter, which pulls,
// to the last, which has the repository.
type troubled struct {
	*site.Site
	// control is the way to each Transporter, transfers the way between them, one link for each port.
	control, transfers []*site.Link
}

// How many transfer ports there are, and where the last Transporter's seem to be: the links listen there.
const (
	transferPorts = 6
	transferVia   = "127.0.0.99"
)

// newTroubled returns a site that is not started.
func newTroubled(t *testing.T, transporters int, directorArgs ...string) *troubled {
	t.Helper()
	c := &troubled{}
	target := site.Host(transporters - 1)
	first := c.listen(t, target)
	c.Site = newSite(t, transporters, func(o *site.Options) {
		o.TransferFirst, o.TransferLast = first, first+transferPorts-1
		o.DirectorArgs = append([]string{
			"--status-every", "300ms", "--retry-base", "200ms", "--retry-max", "1s", "--retry-limit", "1000",
		}, directorArgs...)
	})
	for i, address := range c.Options.Transporters {
		l, err := site.NewLink(fmt.Sprintf("the way from the Director to Transporter %d", i+1), "127.0.0.1:0", address)
		if err != nil {
			t.Fatal(err)
		}
		c.control = append(c.control, l)
	}
	t.Cleanup(func() {
		for _, l := range append(c.control, c.transfers...) {
			_ = l.Close() // the test is over
		}
	})
	return c
}

// listen makes links for some ports in a row that nobody uses, and returns the first.
func (c *troubled) listen(t *testing.T, target string) int {
	t.Helper()
	for range 100 {
		first := 20_000 + rand.IntN(10_000)
		var list []*site.Link
		for port := first; port < first+transferPorts; port++ {
			probe, err := net.Listen("tcp", fmt.Sprintf("%s:%d", target, port))
			if err != nil {
				break
			}
			probe.Close()
			l, err := site.NewLink("the way between the Transporters", fmt.Sprintf("%s:%d", transferVia, port), fmt.Sprintf("%s:%d", target, port))
			if err != nil {
				break
			}
			list = append(list, l)
		}
		if len(list) == transferPorts {
			c.transfers = list
			return first
		}
		for _, l := range list {
			l.Close()
		}
	}
	t.Fatal("there are no free ports in a row")
	return 0
}

// reroute sends the Director, and the Transporters among each other, over the links.
func (c *troubled) reroute(t *testing.T) {
	t.Helper()
	for i, l := range c.control {
		args := []string{"transporter", "update", fmt.Sprintf("t%d", i+1), "--address", l.Address()}
		if i == len(c.control)-1 {
			args = append(args, "--transfer-host", transferVia)
		}
		cli(t, c.Site, args...)
	}
}

// ways returns all ways, each with its links.
func (c *troubled) ways() [][]*site.Link {
	list := [][]*site.Link{c.transfers}
	for _, l := range c.control {
		list = append(list, []*site.Link{l})
	}
	return list
}

// mend undoes all trouble.
func (c *troubled) mend() {
	for _, way := range c.ways() {
		for _, l := range way {
			l.Mend()
		}
	}
}

// disturb does something bad at random, for up to three seconds, and says what.
func (c *troubled) disturb(t *testing.T, random *rand.Rand) {
	t.Helper()
	defer c.mend()
	ways := c.ways()
	way := ways[random.IntN(len(ways))]
	wait := func() { hold(t, time.Duration(random.IntN(1500))*time.Millisecond) }
	victims := c.Processes()[1:] // whoever but the tenant
	victim := victims[random.IntN(len(victims))]
	restart := func() {
		if err := victim.Kill(); err != nil {
			t.Fatal(err)
		}
		wait()
		if err := victim.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	each := func(do func(*site.Link)) {
		for _, l := range way {
			do(l)
		}
	}
	switch kind := random.IntN(6); kind {
	case 0:
		t.Logf("%s is killed", victim.Name)
		restart()
	case 1:
		t.Logf("%s is cut", way[0].Name)
		each((*site.Link).Cut)
		wait()
	case 2:
		t.Logf("%s is stalled", way[0].Name)
		each((*site.Link).Stall)
		wait()
		wait()
	case 3:
		t.Logf("%s is reset again and again", way[0].Name)
		for range 1 + random.IntN(5) {
			each((*site.Link).Reset)
			hold(t, time.Duration(random.IntN(300))*time.Millisecond)
		}
	case 4:
		t.Logf("%s is cut, and %s is killed", way[0].Name, victim.Name)
		each((*site.Link).Cut)
		wait()
		restart()
	case 5:
		t.Logf("%s is stalled, and %s is killed", way[0].Name, victim.Name)
		each((*site.Link).Stall)
		wait()
		restart()
	}
}

// hold lets trouble last.
func hold(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}
