package digest

import (
	"context"

	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

// WarmUp makes the planner leave out readers whom a ramp has not admitted, and
// admit those of a new day before it plans. It returns the planner.
func (p *Planner) WarmUp(ramp *subscribers.Ramp) *Planner {
	p.ramp = ramp
	return p
}

// admittedSince is since when readers must have been admitted, 0 if they need
// not be.
func (p *Planner) admittedSince(ctx context.Context) (int64, error) {
	if p.ramp == nil {
		return 0, nil
	}
	since, err := p.ramp.Waiting(ctx)
	return db.Millis(since), err
}
