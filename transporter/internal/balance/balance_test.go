package balance_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/balance"
)

func kept(id string, total int, messages, pending int64) balance.Kept {
	return balance.Kept{Folder: mail.Folder{ID: mail.FolderID(id), Name: "N" + id, Total: total}, Messages: messages, Pending: pending}
}

func after(counts map[mail.FolderID]int64) *balance.Ledger { return &balance.Ledger{After: counts} }

func TestEveryDifferenceHasItsReason(t *testing.T) {
	lose := func(n int, folder mail.FolderID) (list []mail.Loss) {
		for i := range n {
			list = append(list, mail.Loss{Message: mail.MessageID(fmt.Sprint(folder, i)), Folder: folder, What: "message"})
			list = append(list, mail.Loss{Message: mail.MessageID(fmt.Sprint(folder, i)), Folder: folder, What: "message"}) // told twice
		}
		return append(list, mail.Loss{Message: "whole but for one", Folder: folder, What: "attachment"})
	}
	type reason struct {
		Cause    balance.Cause
		Messages int64
	}
	for name, tc := range map[string]struct {
		kept   balance.Kept
		losses []mail.Loss
		ledger *balance.Ledger
		want   []reason
	}{
		"nothing differs":                       {kept("f", 10, 10, 0), lose(0, "f"), after(map[mail.FolderID]int64{"f": 10}), nil},
		"losses":                                {kept("f", 10, 7, 0), lose(3, "f"), after(map[mail.FolderID]int64{"f": 10}), []reason{{balance.Lost, 3}}},
		"losses of which older versions are in": {kept("f", 10, 9, 0), lose(3, "f"), after(map[mail.FolderID]int64{"f": 10}), []reason{{balance.Lost, 1}}},
		"losses elsewhere explain nothing":      {kept("f", 10, 7, 0), lose(3, "g"), after(map[mail.FolderID]int64{"f": 10}), []reason{{balance.Unexplained, 3}}},
		"mail that came":                        {kept("f", 10, 10, 0), nil, after(map[mail.FolderID]int64{"f": 14}), []reason{{balance.Changed, 4}}},
		"mail that came and was read":           {kept("f", 10, 14, 0), nil, after(map[mail.FolderID]int64{"f": 14}), nil},
		"mail that went":                        {kept("f", 10, 10, 0), nil, after(map[mail.FolderID]int64{"f": 8}), []reason{{balance.Changed, -2}}},
		"mail whose removal is not verified":    {kept("f", 8, 10, 2), nil, after(map[mail.FolderID]int64{"f": 8}), []reason{{balance.Changed, -2}}},
		"a folder that could not be read":       {kept("f", 10, 4, 0), []mail.Loss{{Folder: "f", What: "folder", Reason: "no"}}, after(map[mail.FolderID]int64{"f": 10}), []reason{{balance.Unreadable, 6}}},
		"a folder that was deleted":             {kept("f", 10, 10, 0), nil, after(nil), []reason{{balance.FolderChanged, -10}}},
		"losses, news, and more":                {kept("f", 10, 5, 0), lose(2, "f"), after(map[mail.FolderID]int64{"f": 13}), []reason{{balance.Lost, 2}, {balance.Changed, 3}, {balance.Unexplained, 3}}},
		"more than there is":                    {kept("f", 10, 12, 0), nil, after(map[mail.FolderID]int64{"f": 10}), []reason{{balance.Unexplained, -2}}},
		"a point of old, with losses":           {kept("f", 10, 8, 0), lose(2, "f"), nil, []reason{{balance.Lost, 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			list, _ := balance.Compare([]balance.Kept{tc.kept}, tc.losses, tc.ledger)
			var got []reason
			for _, r := range list[0].Reasons {
				got = append(got, reason{r.Cause, r.Messages})
				if r.Text == "" {
					t.Errorf("%d has no words", r.Cause)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFoldersThatAreLeftOutAreToldAndNotCounted(t *testing.T) {
	l := after(map[mail.FolderID]int64{"f": 10})
	for i := range balance.MaxOutside + 5 {
		l.Add(balance.Outside{ID: mail.FolderID(fmt.Sprint("o", i)), Parent: "f", Name: "Hidden", Total: 2, Why: balance.Hidden})
	}
	l.Outside[0].Why = balance.Young
	list, sum := balance.Compare([]balance.Kept{kept("f", 10, 10, 0)}, nil, l)
	if want := (balance.Sum{Tenant: 12, Kept: 10, Folders: balance.MaxOutside + 5}); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
	if len(list) != balance.MaxOutside+1 || l.MoreFolders != 5 || l.MoreMessages != 10 {
		t.Errorf("%d are listed, %d with %d messages are counted", len(list), l.MoreFolders, l.MoreMessages)
	}
	if list[0].Path != "/Nf/Hidden" || list[len(list)-1].ID != "f" {
		t.Errorf("the first is %s, the last %s", list[0].Path, list[len(list)-1].ID)
	}
}

func TestReasonsAddUpWhateverTheCounts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("HOLDFAST_TEST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		var all []balance.Kept
		var losses []mail.Loss
		l := after(map[mail.FolderID]int64{})
		for i := range 1 + random.IntN(4) {
			k := kept(fmt.Sprint(i), random.IntN(20), random.Int64N(20), random.Int64N(4))
			k.Parent = mail.FolderID(fmt.Sprint(random.IntN(5))) // also trees that bite their tails
			all = append(all, k)
			for n := range random.IntN(4) {
				losses = append(losses, mail.Loss{Message: mail.MessageID(fmt.Sprint(i, n)), Folder: k.ID, What: []string{"message", "attachment"}[random.IntN(2)]})
			}
			if random.IntN(5) == 0 {
				losses = append(losses, mail.Loss{Folder: k.ID, What: "folder", Reason: "no"})
			}
			if random.IntN(5) > 0 {
				l.After[k.ID] = random.Int64N(20)
			}
		}
		if random.IntN(10) == 0 {
			l = nil
		}
		list, sum := balance.Compare(all, losses, l)
		var unexplained, tenant, held int64
		for _, f := range list {
			var explained int64
			for _, r := range f.Reasons {
				if explained += r.Messages; r.Messages == 0 {
					t.Fatalf("a reason for nothing: %+v", f)
				}
				if r.Cause == balance.Unexplained {
					unexplained += max(r.Messages, -r.Messages)
				}
			}
			if explained != f.Tenant-f.Kept {
				t.Fatalf("reasons for %d of %d: %+v", explained, f.Tenant-f.Kept, f)
			}
			tenant, held = tenant+f.Tenant, held+f.Kept
		}
		if sum.Unexplained != unexplained || sum.Tenant != tenant || sum.Kept != held {
			t.Fatalf("the sum is %+v, want %d, %d, %d", sum, tenant, held, unexplained)
		}
	}
}
