package schedule

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are known on machines without a zone database, too
)

// Zone loads the IANA time zone of the given name, such as "Europe/Kyiv" or its older
// name "Europe/Kiev". It refuses the names that mean whatever the machine
// is set to, and those that count leap seconds. It reads a file each time:
// use [Zones] where it is called often.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return nil, fmt.Errorf(`the time zone is empty: use an IANA name such as "Europe/Berlin" or "UTC"`)
	}
	if name == "Local" || name == "localtime" {
		return nil, fmt.Errorf(`time zone %q depends on the machine: use an IANA name such as "Europe/Berlin" or "UTC"`, name)
	}
	if plain, ok := strings.CutPrefix(name, "right/"); ok {
		return nil, fmt.Errorf(`time zone %q counts leap seconds: use %q`, name, plain)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf(`time zone %q is not known: use an IANA name such as "Europe/Berlin" or "UTC", in this spelling: %w`, name, err)
	}
	return loc, nil
}

// Zones loads time zones and keeps them, so that each is read once. It may be used
// by several goroutines at once.
type Zones struct {
	mu     sync.RWMutex
	loaded map[string]*time.Location
}

// NewZones returns an empty cache.
func NewZones() *Zones {
	return &Zones{loaded: make(map[string]*time.Location)}
}

// Load is [Zone] with a memory: the same name gives the same Location. Names that
// are refused are not kept, so that strangers cannot fill it.
func (z *Zones) Load(name string) (*time.Location, error) {
	z.mu.RLock()
	loc, ok := z.loaded[name]
	z.mu.RUnlock()
	if ok {
		return loc, nil
	}
	loc, err := Zone(name)
	if err != nil {
		return nil, err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if first, ok := z.loaded[name]; ok {
		return first, nil
	}
	z.loaded[name] = loc
	return loc, nil
}
