//go:build unix

package script

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// family is a process with all that it starts: a process group.
type family struct{ cmd *exec.Cmd }

func prepare(cmd *exec.Cmd) (*family, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return &family{cmd}, nil
}

func (f *family) adopt(*os.Process) error { return nil }

// kill ends the group.
func (f *family) kill() error {
	err := syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

func (f *family) close() {}
