// Package fleet is the Director's Transporters: pairing them, keeping a connection to each, knowing how each is, and
// renewing their certificates. What they are told to do is not its business: callers take a Client and speak for
// themselves.
package fleet

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/trust"
	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/pkg/rpc"
)

// DefaultPort of a Transporter's control service.
const DefaultPort = "9446"

// Options of a Fleet.
type Options struct {
	Store  *store.Store
	Trust  *trust.Trust
	Logger hclog.Logger
	Now    func() time.Time
	// StatusEvery is how often each Transporter is asked how it is; 0 means ten seconds.
	StatusEvery time.Duration
}

// Fleet is all paired Transporters. Its methods may be called by several goroutines.
type Fleet struct {
	Options
	begun time.Time

	mu      sync.Mutex
	porters map[record.TransporterID]*porter
	waiting map[chan struct{}]struct{}
}

// porter is what is known of one Transporter while the Director runs.
type porter struct {
	address string
	conn    *grpc.ClientConn
	status  Status
}

// Status is how a Transporter is, as of its last answer.
type Status struct {
	Reachable bool
	// Error is why it is not.
	Error string
	// Since is when Reachable last changed.
	Since    time.Time
	Seen     time.Time
	Version  string
	Hostname string
	OS       string
	Arch     string
	Started  time.Time
	Running  int32
	Max      int32
	Expires  time.Time
	// Free and Total are bytes of the disk with its data folder; Memory is the machine's.
	Free, Total int64
	CPUs        int32
	Memory      int64
	ClockAhead  time.Duration
	Attached    []record.RepositoryID
	attachedSet map[record.RepositoryID]bool
}

// Has reports whether the repository was attached there.
func (s *Status) Has(id record.RepositoryID) bool { return s.attachedSet[id] }

// New returns the fleet that the store knows. Nothing is dialled yet.
func New(o Options) *Fleet {
	if o.StatusEvery == 0 {
		o.StatusEvery = 10 * time.Second
	}
	return &Fleet{
		Options: o, begun: o.Now(), porters: map[record.TransporterID]*porter{}, waiting: map[chan struct{}]struct{}{},
	}
}

// Run asks every Transporter for its state, now and then, until ctx ends.
func (f *Fleet) Run(ctx context.Context) error {
	ticker := time.NewTicker(f.StatusEvery)
	defer ticker.Stop()
	defer f.close()
	for {
		f.poll(ctx)
		if err := f.Trust.Renew(ctx); err != nil && ctx.Err() == nil {
			f.Logger.Error("own certificate not renewed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// poll asks all of them at once and returns when each has answered or not.
func (f *Fleet) poll(ctx context.Context) {
	all, err := f.List()
	if err != nil {
		f.Logger.Error("list Transporters", "error", err)
		return
	}
	var wg sync.WaitGroup
	for _, t := range all {
		wg.Go(func() {
			if _, err := f.ask(ctx, t); err != nil || ctx.Err() != nil {
				return
			}
			if err := f.renew(ctx, t.ID); err != nil {
				f.Logger.Error("certificate not renewed", "transporter", t.ID, "error", err)
			}
		})
	}
	wg.Wait()
}

// List returns all Transporters by name.
func (f *Fleet) List() ([]record.Transporter, error) {
	var all []record.Transporter
	err := f.Store.View(func(tx *store.Tx) error {
		for t, err := range store.Transporters.All(tx, "") {
			if err != nil {
				return err
			}
			all = append(all, t)
		}
		return nil
	})
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, err
}

// Get returns a Transporter; NotFound when there is none.
func (f *Fleet) Get(id record.TransporterID) (record.Transporter, error) {
	var t record.Transporter
	err := f.Store.View(func(tx *store.Tx) (err error) {
		t, err = store.Transporters.Get(tx, string(id))
		return err
	})
	return t, err
}

// Client returns the control service of a Transporter. Calls fail with Unavailable while it is out of reach.
func (f *Fleet) Client(id record.TransporterID) (transporterv1.ControlServiceClient, error) {
	t, err := f.Get(id)
	if err != nil {
		return nil, err
	}
	conn, err := f.connect(t)
	if err != nil {
		return nil, err
	}
	return transporterv1.NewControlServiceClient(conn), nil
}

// connect returns the connection to a Transporter at its present address.
func (f *Fleet) connect(t record.Transporter) (*grpc.ClientConn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.porter(t.ID)
	if p.conn != nil && p.address == t.Address {
		return p.conn, nil
	}
	conn, err := rpc.Dial(t.Address, identity.ClientTLS(f.Trust.Credentials, f.Trust.Transporter(t.ID)))
	if err != nil {
		return nil, err
	}
	if p.conn != nil {
		_ = p.conn.Close()
	}
	p.conn, p.address = conn, t.Address
	return conn, nil
}

// porter returns what is known of one; f.mu is held.
func (f *Fleet) porter(id record.TransporterID) *porter {
	p := f.porters[id]
	if p == nil {
		p = &porter{status: Status{Since: f.begun, Error: "not asked yet"}}
		f.porters[id] = p
	}
	return p
}

// Status returns how a Transporter was when it was last asked.
func (f *Fleet) Status(id record.TransporterID) Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.porter(id).status
}

// Changes returns a channel that holds a token after any Transporter became reachable, unreachable, or another by a
// restart. Cancel ends it.
func (f *Fleet) Changes() (ready <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	f.mu.Lock()
	f.waiting[c] = struct{}{}
	f.mu.Unlock()
	return c, func() {
		f.mu.Lock()
		delete(f.waiting, c)
		f.mu.Unlock()
	}
}

// changed wakes who waits; f.mu is held.
func (f *Fleet) changed() {
	for c := range f.waiting {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (f *Fleet) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.porters {
		if p.conn != nil {
			_ = p.conn.Close()
			p.conn = nil
		}
	}
}

// Named returns a Transporter's name for sentences; its id when it is not known.
func (f *Fleet) Named(id record.TransporterID) string {
	if t, err := f.Get(id); err == nil {
		return t.Name
	}
	return string(id)
}

// Unreachable returns the sentence for a Transporter that does not answer.
func (f *Fleet) Unreachable(id record.TransporterID, cause error) error {
	t, err := f.Get(id)
	if err != nil {
		return err
	}
	return fault.New(fault.Unavailable, "Transporter %s at %s cannot be reached: %w", t.Name, t.Address, cause)
}
