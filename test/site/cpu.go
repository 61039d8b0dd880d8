package site

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc: USER_HZ is 100 on all that Go runs on.
const tick = 10 * time.Millisecond

// CPU returns the processor time that the process has taken so far, user and system (Linux).
func (p *Process) CPU() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return 0, err
	}
	// The name, in brackets, may hold anything; times are the 14th and 15th field.
	_, rest, ok := strings.Cut(string(data[strings.LastIndexByte(string(data), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("%s: its status is %q", p.Name, data)
	}
	var user, system int64
	if _, err := fmt.Sscan(fields[11], &user); err != nil {
		return 0, err
	}
	if _, err := fmt.Sscan(fields[12], &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * tick, nil
}
