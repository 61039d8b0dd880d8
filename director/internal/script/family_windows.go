package script

import (
	"fmt"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// family is a process with all that it starts: a job object, whose processes end with it.
type family struct {
	cmd *exec.Cmd
	job windows.Handle
}

func prepare(cmd *exec.Cmd) (*family, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return nil, fmt.Errorf("set up a job object: %w", err)
	}
	return &family{cmd, job}, nil
}

// adopt puts the process, which has just begun, into the job.
func (f *family) adopt(p *os.Process) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid)) //nolint:gosec // a pid fits
	if err != nil {
		return nil //nolint:nilerr // it has ended already
	}
	defer func() { _ = windows.CloseHandle(h) }() // it was only lent
	if err := windows.AssignProcessToJobObject(f.job, h); err != nil {
		return fmt.Errorf("keep hold of the script: %w", err)
	}
	return nil
}

// kill ends the job's processes.
func (f *family) kill() error {
	if err := windows.TerminateJobObject(f.job, 1); err != nil {
		return f.cmd.Process.Kill()
	}
	return nil
}

func (f *family) close() { _ = windows.CloseHandle(f.job) } // nothing depends on it any more
