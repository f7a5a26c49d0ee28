package subscribers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// forgetTexts empties what an erased reader agreed to where it has an address of
// theirs in it, as the words of another system may have. Its hash stays.
func forgetTexts(ctx context.Context, tx *db.Tx, subscriber int64) error {
	var texts []struct {
		Hash string `db:"hash"`
		Text string `db:"text"`
	}
	err := tx.Select(ctx, &texts, `SELECT hash, text FROM consent_texts WHERE hash IN (SELECT text_hash FROM consents WHERE subscriber_id = $1)`, subscriber)
	if err != nil {
		return fmt.Errorf("read what reader %d agreed to: %w", subscriber, err)
	}
	for _, t := range texts {
		left, err := erasuresOf(ctx, tx, addressesIn(t.Text))
		if err != nil {
			return err
		}
		for _, was := range left {
			if was.subscriber != subscriber {
				continue
			}
			if _, err := tx.Exec(ctx, `UPDATE consent_texts SET text = '' WHERE hash = $1`, t.Hash); err != nil {
				return fmt.Errorf("forget what reader %d agreed to: %w", subscriber, err)
			}
		}
	}
	return nil
}

// addressesIn are the addresses in a text, in canonical form.
func addressesIn(text string) []string {
	var found []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()[]",;:`, r) }) {
		address, err := mail.Canonical(strings.Trim(word, `.!?'`))
		if err == nil && !slices.Contains(found, address) {
			found = append(found, address)
		}
	}
	return found
}
