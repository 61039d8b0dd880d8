package record

import (
	"sync"
	"time"
	_ "time/tzdata" // not every machine has the zones

	"holdfast/pkg/fault"
)

// zones are those that were loaded, by name.
var zones sync.Map

// ZoneOf returns the zone of an IANA name; Invalid when there is none.
func ZoneOf(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil //nolint:forcetypeassert // nothing else is stored
	}
	if name == "" || name == "Local" {
		return nil, fault.InvalidField("zone", "the schedule needs a time zone by its IANA name, like Europe/Berlin")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.InvalidField("zone", "there is no time zone %q; use an IANA name, like Europe/Berlin", name)
	}
	zones.Store(name, zone)
	return zone, nil
}
