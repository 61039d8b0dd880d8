package audit

// SetMax sets how many entries stay.
func (l *Log) SetMax(n int) { l.max = n }
