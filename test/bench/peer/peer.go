// Package peer drives the backup programs that the repository is compared with: those that Debian ships, with their own
// defaults, encrypted. One that is not there is installed with apt-get where that is possible.
package peer

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"holdfast/test/bench/process"
)

// Peer is a backup program with a repository of its own, which it keeps below one folder.
type Peer struct {
	Name    string
	Version string
	dir     string
	env     []string
	verbs   verbs
}

// verbs are the arguments of what a peer can do. What is backed up are folders, seen from where it is started.
type verbs struct {
	prepare [][]string
	backup  func(name string, what []string) []string
	readAll func(name string) []string
	readOne func(name, path string) []string
	verify  []string
	forget  func(names []string) [][]string
	reclaim []string
}

// Find returns the peers that are installed, after installing those that are not. What could not be had is said on out.
func Find(ctx context.Context, dir string, out io.Writer) []*Peer {
	var found []*Peer
	for _, p := range []*Peer{restic(dir), borg(dir)} {
		program := p.verbs.verify[0]
		if _, err := exec.LookPath(program); err != nil {
			if err := install(ctx, p.Name, out); err != nil {
				fmt.Fprintf(out, "%s is not compared: it is not installed, and %v.\n", p.Name, err)
				continue
			}
		}
		version, err := process.Run(ctx, process.Command{Args: p.versionArgs(), Env: p.env})
		if err != nil {
			fmt.Fprintf(out, "%s is not compared: %v.\n", p.Name, err)
			continue
		}
		p.Version = strings.Join(strings.Fields(version.Stdout)[:2], " ")
		found = append(found, p)
	}
	return found
}

func (p *Peer) versionArgs() []string {
	if p.Name == "restic" {
		return []string{"restic", "version"}
	}
	return []string{"borg", "--version"}
}

func install(ctx context.Context, name string, out io.Writer) error {
	pkg := map[string]string{"restic": "restic", "borg": "borgbackup"}[name]
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("there is no apt-get to install it with; install the package %s", pkg)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root may install it; run: apt-get install %s", pkg)
	}
	fmt.Fprintf(out, "%s is not installed; running: apt-get install -y --no-install-recommends %s\n", name, pkg)
	env := append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	_, err := process.Run(ctx, process.Command{Args: []string{"apt-get", "install", "-y", "--no-install-recommends", pkg}, Env: env})
	if err != nil {
		return fmt.Errorf("apt-get could not install it (%w)", err)
	}
	return nil
}

// Folder is where the repository is.
func (p *Peer) Folder() string { return filepath.Join(p.dir, "repository") }

// Create makes an empty repository in place of the one that is there.
func (p *Peer) Create(ctx context.Context) error {
	if err := p.Remove(); err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	return p.each(ctx, "", p.verbs.prepare)
}

// Remove removes everything that the peer keeps.
func (p *Peer) Remove() error { return os.RemoveAll(p.dir) }

// Backup backs up folders below root as one snapshot of the given name.
func (p *Peer) Backup(ctx context.Context, root, name string, folders ...string) (process.Cost, error) {
	return p.run(ctx, root, p.verbs.backup(name, folders), false)
}

// ReadAll reads a snapshot whole, as one stream into the null device.
func (p *Peer) ReadAll(ctx context.Context, name string) (process.Cost, error) {
	return p.run(ctx, "", p.verbs.readAll(name), true)
}

// ReadOne reads one file of a snapshot into the null device.
func (p *Peer) ReadOne(ctx context.Context, name, path string) (process.Cost, error) {
	return p.run(ctx, "", p.verbs.readOne(name, path), true)
}

// Verify reads and checks everything.
func (p *Peer) Verify(ctx context.Context) (process.Cost, error) {
	return p.run(ctx, "", p.verbs.verify, true)
}

// Forget deletes snapshots, which frees no space yet.
func (p *Peer) Forget(ctx context.Context, names ...string) error {
	return p.each(ctx, "", p.verbs.forget(names))
}

// Reclaim frees the space of what was forgotten.
func (p *Peer) Reclaim(ctx context.Context) (process.Cost, error) {
	return p.run(ctx, "", p.verbs.reclaim, true)
}

func (p *Peer) run(ctx context.Context, dir string, args []string, discard bool) (process.Cost, error) {
	r, err := process.Run(ctx, process.Command{Args: args, Dir: dir, Env: p.env, Discard: discard})
	return r.Cost, err
}

func (p *Peer) each(ctx context.Context, dir string, list [][]string) error {
	for _, args := range list {
		if _, err := p.run(ctx, dir, args, true); err != nil {
			return err
		}
	}
	return nil
}

// secret is the passphrase of the peers' repositories, which hold made-up mail and live for minutes.
const secret = "correct horse"

func environment(dir string, more ...string) []string {
	// A home of its own keeps a peer's caches and settings apart from those of whoever runs this.
	return append(more, "HOME="+filepath.Join(dir, "home"), "PATH="+os.Getenv("PATH"), "LANG=C.UTF-8")
}

func restic(parent string) *Peer {
	dir := filepath.Join(parent, "restic")
	repository := filepath.Join(dir, "repository")
	return &Peer{
		Name: "restic", dir: dir,
		env: environment(dir, "RESTIC_REPOSITORY="+repository, "RESTIC_PASSWORD="+secret, "RESTIC_CACHE_DIR="+filepath.Join(dir, "cache")),
		verbs: verbs{
			prepare: [][]string{{"restic", "init", "--quiet"}},
			backup: func(name string, what []string) []string {
				return append([]string{"restic", "backup", "--quiet", "--host", "bench", "--tag", name}, what...)
			},
			readAll: func(name string) []string {
				return []string{"restic", "dump", "--quiet", "--archive", "tar", "--tag", name, "latest", "/"}
			},
			readOne: func(name, path string) []string {
				return []string{"restic", "dump", "--quiet", "--tag", name, "latest", "/" + path}
			},
			verify: []string{"restic", "check", "--read-data", "--quiet"},
			forget: func(names []string) [][]string {
				var list [][]string
				for _, n := range names {
					list = append(list, []string{"restic", "forget", "--quiet", "--tag", n, "--group-by", "tags", "--keep-tag", "none"})
				}
				return list
			},
			reclaim: []string{"restic", "prune", "--quiet"},
		},
	}
}

func borg(parent string) *Peer {
	dir := filepath.Join(parent, "borg")
	repository := filepath.Join(dir, "repository")
	return &Peer{
		Name: "borg", dir: dir,
		env: environment(dir, "BORG_REPO="+repository, "BORG_PASSPHRASE="+secret, "BORG_BASE_DIR="+filepath.Join(dir, "base")),
		verbs: verbs{
			prepare: [][]string{{"borg", "init", "--encryption", "repokey"}}, // with SHA instructions the fastest of its modes
			backup: func(name string, what []string) []string {
				return append([]string{"borg", "create", "::" + name}, what...)
			},
			readAll: func(name string) []string { return []string{"borg", "extract", "--stdout", "::" + name} },
			readOne: func(name, path string) []string { return []string{"borg", "extract", "--stdout", "::" + name, path} },
			verify:  []string{"borg", "check", "--verify-data"},
			forget: func(names []string) [][]string {
				return [][]string{append([]string{"borg", "delete", "::" + names[0]}, names[1:]...)}
			},
			reclaim: []string{"borg", "compact"},
		},
	}
}
