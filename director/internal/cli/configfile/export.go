package configfile

import "slices"

// Export is the file that describes a state. Jobs that are being deleted are left out. Invalid when two objects of one
// kind cannot be told apart by name, and when the caller may not see all of a job.
func Export(s *State) (*File, error) {
	n, err := namesOf(s)
	if err != nil {
		return nil, err
	}
	f := &File{
		Version: Version, Transporters: List[Transporter]{}, Accounts: List[Account]{}, Repositories: List[Repository]{}, Jobs: List[Job]{}, Drills: List[Drill]{},
		History: exportHistory(s.History), Backup: exportBackup(s.Backup, n),
	}
	for _, x := range s.Transporters {
		f.Transporters = append(f.Transporters, exportTransporter(x))
	}
	for _, x := range s.Accounts {
		f.Accounts = append(f.Accounts, exportAccount(x, n))
	}
	for _, x := range s.Repositories {
		f.Repositories = append(f.Repositories, exportRepository(x, n))
	}
	for _, x := range s.Jobs {
		if x.GetDeletion() != nil {
			continue
		}
		if hidden(x) {
			return nil, invalid("this user may not see what the scripts of the job %q are given: only an administrator can export", x.GetName())
		}
		f.Jobs = append(f.Jobs, exportJob(x, n))
	}
	for _, x := range s.Drills {
		f.Drills = append(f.Drills, exportDrill(x, n))
	}
	byName(f.Transporters, (*Transporter).name)
	byName(f.Accounts, (*Account).name)
	byName(f.Repositories, (*Repository).name)
	byName(f.Jobs, (*Job).name)
	byName(f.Drills, (*Drill).name)
	if f.Notifications, err = exportNotifications(s.Notifications); err != nil {
		return nil, err
	}
	return f, f.check()
}

// Arguments names the jobs of which scripts have arguments: they are written as they are.
func (f *File) Arguments() []string {
	var list []string
	for _, j := range f.Jobs {
		for _, s := range []*Script{j.Before, j.After} {
			if s != nil && len(s.Arguments) > 0 && !slices.Contains(list, j.Name) {
				list = append(list, j.Name)
			}
		}
	}
	return list
}

// HideArguments takes the arguments of scripts away, which may be secrets, and leaves how many there are.
func (f *File) HideArguments() {
	for i := range f.Jobs {
		for _, s := range []*Script{f.Jobs[i].Before, f.Jobs[i].After} {
			if s == nil {
				continue
			}
			for n := range s.Arguments {
				s.Arguments[n] = "[hidden]"
			}
		}
	}
}
