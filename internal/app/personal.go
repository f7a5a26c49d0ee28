package app

import (
	"context"
	"fmt"
	"io"

	"broadsheet/digest/delivery"
	"broadsheet/subscribers"
)

// PersonalData is everything that is kept about one reader.
type PersonalData struct {
	Reader     *subscribers.Detail
	Mails      []subscribers.SentMail
	Deliveries []PersonalDelivery
	NewAddress string // that the reader asked for and not both have accepted

	catalog *subscribers.Catalog
}

// PersonalDelivery is one mail to the reader and what relays said of it.
type PersonalDelivery struct {
	delivery.Delivery
	Answers []delivery.Attempt
}

// PersonalData gathers what is kept about an address. Of one that is suppressed
// and no reader's that is the suppression. It returns subscribers.ErrUnknown for
// an address of which nothing is known.
func (a *App) PersonalData(ctx context.Context, address string) (*PersonalData, error) {
	d := &PersonalData{catalog: a.Catalog}
	var err error
	if d.Reader, err = a.Subscribers.ByAddress(ctx, address); err != nil {
		return nil, err
	}
	if d.Reader.ID == 0 {
		return d, nil
	}
	if d.Mails, err = a.Subscribers.Mails(ctx, d.Reader.ID); err != nil {
		return nil, err
	}
	if d.NewAddress, err = a.Subscribers.NewAddressOf(ctx, d.Reader.ID); err != nil {
		return nil, err
	}
	d.Deliveries, err = a.deliveriesTo(ctx, d.Reader.Address)
	return d, err
}

func (a *App) deliveriesTo(ctx context.Context, address string) ([]PersonalDelivery, error) {
	store := delivery.NewStore(a.DB, a.Now)
	out := []PersonalDelivery{}
	for f := (delivery.Filter{Address: address, Limit: 500}); ; {
		page, err := store.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			_, attempts, err := store.Show(ctx, d.Edition, address)
			if err != nil {
				return nil, err
			}
			out = append(out, PersonalDelivery{d, attempts})
		}
		if len(page) < f.Limit {
			return out, nil
		}
		f.After = page[len(page)-1].Key
	}
}

// writePersonal writes what is kept about a subscriber.
func (a *App) writePersonal(ctx context.Context, w io.Writer, subscriberID int64) error {
	address, err := a.Subscribers.AddressOf(ctx, subscriberID)
	if err != nil {
		return err
	}
	d, err := a.PersonalData(ctx, address)
	if err != nil {
		return fmt.Errorf("data of reader %d: %w", subscriberID, err)
	}
	return d.Write(w)
}
