package main

import (
	"fmt"

	"github.com/spf13/cobra"

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
				if err := e.confirm("Erase %s for good?", args[0]+nowAt(would)); err != nil {
					return err
				}
				erased, err := a.Subscribers.Erase(cmd.Context(), args[0], origin)
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

// nowAt names the present address of a reader who was named by a former one.
func nowAt(d subscribers.Erased) string {
	if d.Since == "" {
		return ""
	}
	return " (now " + d.Since + ")"
}

func erasedText(d subscribers.Erased) string {
	text := "the suppression of an address without a reader"
	if d.ID != 0 {
		text = fmt.Sprintf("reader %d%s with %s and %s; %s of consent kept without what is personal",
			d.ID, nowAt(d), count(d.Subscriptions, "subscription"), count(d.Mails, "system mail"), count(d.Proofs, "record"))
	}
	if d.Suppressed {
		text += "; the address stays suppressed, as a hash"
	}
	return text
}

func (e *env) subscriberDataCommand() *cobra.Command {
	return &cobra.Command{
		Use: "data ADDR", Short: "Write everything that is kept about one reader, as JSON", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				d, err := a.PersonalData(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return d.Write(e.stdout)
			})
		},
	}
}
