package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// mostReport is how many octets of a piped message are read.
const mostReport = 10 << 20

func (e *env) reportCommand() *cobra.Command {
	return noun("report", "Messages of machines and readers about our mail", e.reportReadCommand())
}

func (e *env) reportReadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "read", Short: "Read a message that the mail server pipes in: a request to unsubscribe", Args: noArgs,
		Long: "Read a message from standard input. A mail to the mailbox of unsubscribe_to in [mail] ends what the token\n" +
			"in its subject names. Whatever else comes in is named on standard error and changes nothing; the exit\n" +
			"code is 0 then, so that no mail server answers to it, and 75 while the database cannot be reached.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := mail.UnsubscribeRequest(io.LimitReader(e.stdin, mostReport))
			if err != nil || token == "" {
				fmt.Fprintln(e.stderr, "broadsheet: no report of ours, and no request to unsubscribe: nothing was changed")
				return nil
			}
			return e.writing(cmd.Context(), false, func(a *app.App) error { return e.endByMail(cmd, a, token) })
		},
	}
}

// endByMail ends what a token of a mail names.
func (e *env) endByMail(cmd *cobra.Command, a *app.App, text string) error {
	token, err := a.Keys.Verify(subscribers.PurposeUnsubscribe, text, a.Now())
	if err != nil {
		fmt.Fprintln(e.stderr, "broadsheet: the token is none of ours: nothing was changed")
		return nil
	}
	err = a.Subscribers.Unsubscribe(cmd.Context(), token.Subscriber, token.Digest, subscribers.OriginMail, "")
	if errors.Is(err, subscribers.ErrUnknown) { // an erased reader has left already
		return nil
	}
	if err == nil {
		fmt.Fprintf(e.stdout, "reader %d is unsubscribed\n", token.Subscriber)
	}
	return err
}
