package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

func (e *env) subscriberEraseCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "erase ADDR", Short: "Forget a reader for good, but for a hash that keeps the address away", Args: exactly("ADDR"),
		Long: "Forget an address and all that is known of its reader. A salted hash of the address stays, so that no file, API\n" +
			"or operator brings it back, and of the record of consent what happened when and by which text. A reader who is\n" +
			"suppressed stays so; any other may sign up again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				would, err := a.Subscribers.RehearseErase(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				if dryRun {
					fmt.Fprintf(e.stdout, "would be erased: %s\n", erasedText(would))
					return nil
				}
				if err := e.confirm("Erase %s for good?", args[0]); err != nil {
					return err
				}
				erased, err := a.Subscribers.Erase(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				fmt.Fprintf(e.stdout, "erased: %s\n", erasedText(erased))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be erased and change nothing")
	return cmd
}

func erasedText(d subscribers.Erased) string {
	text := "the suppression of an address without a reader"
	if d.ID != 0 {
		text = fmt.Sprintf("reader %d with %s and %s; %s of consent kept without what is personal",
			d.ID, count(d.Subscriptions, "subscription"), count(d.Mails, "system mail"), count(d.Proofs, "record"))
	}
	if d.Suppressed {
		text += "; the address stays suppressed, as a hash"
	}
	return text
}

// personalData is everything that is kept about one reader.
type personalData struct {
	Reader     *subscribers.Detail    `json:"reader"`
	Mails      []subscribers.SentMail `json:"system_mails"`
	Deliveries []personalDelivery     `json:"deliveries"`
}

// personalDelivery is one mail to the reader and what relays said of it.
type personalDelivery struct {
	delivery.Delivery
	Answers []delivery.Attempt `json:"answers"`
}

func deliveriesOf(ctx context.Context, a *app.App, address string) ([]personalDelivery, error) {
	store := delivery.NewStore(a.DB, a.Now)
	out := []personalDelivery{}
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
			out = append(out, personalDelivery{d, attempts})
		}
		if len(page) < f.Limit {
			return out, nil
		}
		f.After = page[len(page)-1].Key
	}
}

func (e *env) subscriberDataCommand() *cobra.Command {
	return &cobra.Command{
		Use: "data ADDR", Short: "Write everything that is kept about one reader, as JSON", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				var d personalData
				var err error
				if d.Reader, err = a.Subscribers.ByAddress(cmd.Context(), args[0]); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				if d.Reader.ID == 0 { // an address that is suppressed and no reader's
					return e.writeData(d)
				}
				if d.Mails, err = a.Subscribers.Mails(cmd.Context(), d.Reader.ID); err != nil {
					return err
				}
				if d.Deliveries, err = deliveriesOf(cmd.Context(), a, d.Reader.Address); err != nil {
					return err
				}
				return e.writeData(d)
			})
		},
	}
}

func (e *env) writeData(d personalData) error {
	out := json.NewEncoder(e.stdout)
	out.SetIndent("", "  ")
	return out.Encode(d)
}
