package work_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
)

// TestThePageOfFidelityIsTrue backs messages up in which every property that can be set is set, recovers them into another
// mailbox, and compares what Graph shows of both, and what the backup holds, with what the page says.
func TestThePageOfFidelityIsTrue(t *testing.T) {
	page, err := os.ReadFile(fidelityPage)
	if err != nil {
		t.Fatal(err)
	}
	tables, faults := readClaims(string(page))
	for _, f := range faults {
		t.Error(f)
	}
	properties := readProperties(t)
	samples := fidelitySamples(t, tables["message"])
	for _, table := range fidelityTables {
		for _, lie := range lies(tables[table], properties[table], samples[table]) {
			t.Errorf("%s: %s", table, lie)
		}
	}
	if t.Failed() {
		return
	}
	everyLieIsFound(t, tables, properties, samples)
}

// everyLieIsFound turns each cell of each table round, leaves each row out and adds one, and wants that to be noticed.
func everyLieIsFound(t *testing.T, tables map[string]map[string]claim, properties map[string][]string, samples map[string][]sample) {
	t.Helper()
	for table, claims := range tables {
		try := func(what string, change func(map[string]claim)) {
			changed := maps.Clone(claims)
			change(changed)
			if len(lies(changed, properties[table], samples[table])) == 0 {
				t.Errorf("%s: nothing notices %s", table, what)
			}
		}
		for name, c := range claims {
			turned := c
			turned.why = "because"
			turned.kept = map[string]string{"yes": "no", "no": "yes"}[c.kept]
			try("the wrong word for kept: "+name, func(m map[string]claim) { m[name] = turned })
			turned.kept, turned.recovered = c.kept, map[string]string{"same": "no", "no": "same"}[c.recovered]
			try("the wrong word for recovered: "+name, func(m map[string]claim) { m[name] = turned })
			try("a missing row: "+name, func(m map[string]claim) { delete(m, name) })
		}
		try("a row too many", func(m map[string]claim) { m["colour"] = claim{"yes", "same", ""} })
	}
}

// fidelitySamples makes the messages, backs them up and recovers them, and returns what became of them, by table. of says
// which properties of an attached message are compared: those that are said to come back.
func fidelitySamples(t *testing.T, of map[string]claim) map[string][]sample {
	t.Helper()
	var raw *rawGraph
	s := newScene(t, 1, func(sim *graphsim.Server, mailbox string) {
		raw = newRawGraph(t, sim)
		for _, m := range distinctMessages() {
			raw.create(mailbox, m)
		}
		if err := sim.Control().AddMessages(t.Context(), mailbox, meetingMessage()); err != nil {
			t.Fatal(err)
		}
	})
	users, err := s.sim.AddUsers(graphsim.User{DisplayName: "Other", Mailbox: true, AccountEnabled: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sim.SetClock(10 * time.Minute); err != nil { // so that a time that is set anew is another
		t.Fatal(err)
	}
	s.succeeds("recovery", s.run(t.Context(), s.recovery("r", func(w *transporterv1.RecoveryWork) {
		w.Mailbox = &transporterv1.Mailbox{Id: users[0].ID}
	}), nil), s.point.Counts.Messages)

	original, recovered, kept := raw.messages(s.mailbox), raw.messages(users[0].ID), s.keptMessages()
	out := map[string][]sample{}
	for _, id := range []string{"<fidelity-1@contoso.com>", "<fidelity-2@contoso.com>", "<fidelity-meeting@contoso.com>"} {
		one := sample{original[id], kept[id], recovered[id]}
		if one.original == nil || one.kept == nil || one.recovered == nil {
			t.Fatalf("%s is not in both mailboxes and the backup", id)
		}
		if strings.Contains(id, "meeting") {
			out["meeting"] = append(out["meeting"], one)
			continue
		}
		out["attachment"] = append(out["attachment"], attachmentSamples(t, one, of)...)
		for _, m := range []map[string]any{one.original, one.kept, one.recovered} {
			m["attachments"] = outline(m["attachments"])
		}
		out["message"] = append(out["message"], one)
	}
	return out
}

// attachmentSamples matches the attachments of a message by their names.
func attachmentSamples(t *testing.T, m sample, of map[string]claim) []sample {
	t.Helper()
	a, b, c := byName(m.original, of), byName(m.kept, of), byName(m.recovered, of)
	var out []sample
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if b[name] == nil || c[name] == nil {
			t.Fatalf("attachment %q is not in all three", name)
		}
		out = append(out, sample{a[name], b[name], c[name]})
	}
	return out
}

// byName returns the attachments of a message, an attached message with what is said to come back of it.
func byName(m map[string]any, of map[string]claim) map[string]map[string]any {
	out := map[string]map[string]any{}
	list, _ := m["attachments"].([]any)
	for _, e := range list {
		a := maps.Clone(e.(map[string]any))
		if item, ok := a["item"].(map[string]any); ok {
			item = maps.Clone(item)
			maps.DeleteFunc(item, func(name string, _ any) bool {
				return of[name].recovered != "same" || slices.Contains([]string{"parentFolderId", "uniqueBody", "attachments"}, name)
			})
			a["item"] = item
		}
		maps.DeleteFunc(a, func(_ string, v any) bool { return v == nil })
		out[a["name"].(string)] = a
	}
	return out
}

// outline is what a message has of attachments: their names and kinds, sorted. What they are like is their own table.
func outline(v any) any {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		a := e.(map[string]any)
		out = append(out, a["@odata.type"].(string)+" "+a["name"].(string))
	}
	slices.Sort(out)
	return out
}
