package site

import (
	"os/exec"
	"syscall"
)

// separate puts the process into a group of its own, so that a Ctrl-C in the terminal reaches it only through Stop.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
