package dispatch

// Poke makes the dispatcher look again, as after a clock that was set.
func (d *Dispatcher) Poke() { d.poke() }
