// Package process runs programs and says what each cost, as the operating system counts it.
package process

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Cost is what one program took, with everything that it started and waited for.
type Cost struct {
	Wall time.Duration
	CPU  time.Duration // user and system
	// Peak is the greatest resident memory of one process, in bytes. It is never less than that of the program that started
	// it, which must therefore be small.
	Peak int64
}

// Plus returns the cost of one thing after the other.
func (c Cost) Plus(d Cost) Cost {
	return Cost{Wall: c.Wall + d.Wall, CPU: c.CPU + d.CPU, Peak: max(c.Peak, d.Peak)}
}

// Command is a program to run.
type Command struct {
	Args []string
	Dir  string
	Env  []string // added to nothing: the whole environment
	// Discard opens the null device as standard output, in place of keeping what is written.
	Discard bool
}

// Result is what a program wrote and cost.
type Result struct {
	Cost
	Stdout, Stderr string
}

// maxKept bounds what is quoted of a program's complaint.
const maxKept = 2000

// Run runs a command to its end. One that fails is an error with the end of what it complained.
func Run(ctx context.Context, c Command) (Result, error) {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	var out, complaint bytes.Buffer
	if !c.Discard {
		cmd.Stdout = &out
	}
	cmd.Stderr = &complaint
	began := time.Now()
	err := cmd.Run()
	r := Result{Stdout: out.String(), Stderr: complaint.String()}
	if cmd.ProcessState != nil {
		r.Cost = Cost{
			Wall: time.Since(began), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), Peak: peak(cmd.ProcessState),
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		said := strings.TrimSpace(r.Stderr)
		return r, fmt.Errorf("%s: %w: %s", strings.Join(c.Args[:min(len(c.Args), 3)], " "), err, said[max(0, len(said)-maxKept):])
	}
	return r, nil
}
