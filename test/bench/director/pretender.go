package director

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// pretender is a Transporter that only pretends to work, in a process of its own.
type pretender struct {
	cmd   *exec.Cmd
	stdin io.Closer
	place struct{ Address, Code, Tenant, Secret string }
	works chan error // told once, when its tasks run or its output ends
}

// pretend starts one whose tenant has so many mailboxes.
func pretend(ctx context.Context, program string, mailboxes int) (*pretender, error) {
	p := &pretender{cmd: exec.CommandContext(ctx, program, "-mailboxes", strconv.Itoa(mailboxes)), works: make(chan error, 1)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.place)
	}
	if err != nil {
		_ = p.end() // it did not even start
		return nil, fmt.Errorf("the pretending Transporter said %q: %w", line, err)
	}
	go func() {
		_, err := lines.ReadBytes('\n')
		p.works <- err
	}()
	return p, nil
}

// running waits until its tasks run.
func (p *pretender) running(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-p.works:
		return err
	}
}

func (p *pretender) end() error {
	p.stdin.Close()
	return p.cmd.Wait()
}
