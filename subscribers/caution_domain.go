package subscribers

import (
	"context"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/templates"
)

// Domains says of which addresses the domain is in order: it takes mail, and is
// none whose addresses last some minutes. It looks at nothing else, so that the
// answer and its time tell nothing of who reads here.
type Domains struct {
	MX         *MX         // nil: every domain takes mail
	Disposable *Disposable // nil: none is
}

// WithDomains sets which domains strangers may sign up from, and returns s. It is
// called before s is used.
func (s *Store) WithDomains(d Domains) *Store {
	s.domains = d
	return s
}

// problem returns what is wrong with the domain of a canonical address, as an
// error for its field, or nil. People who are told can give another address;
// machines learn nothing that is not public.
func (d Domains) problem(ctx context.Context, address string) error {
	domain := mail.Domain(address)
	wrong := FieldErrors{}
	if d.Disposable != nil && d.Disposable.Has(domain) {
		wrong.add(templates.FieldAddress, flawed(templates.ProblemDomainFleeting, "the domain gives away addresses that last for a short time only"))
	} else if d.MX != nil && d.MX.Refuses(ctx, domain) {
		wrong.add(templates.FieldAddress, flawed(templates.ProblemDomainNoMail, "the domain takes no mail"))
	}
	return wrong.result()
}

// cautious is problem for a reader of another system whom we would have to ask.
func (s *Store) cautious(ctx context.Context, in *External, address string) error {
	if in.Evidence != nil || in.Ended {
		return nil
	}
	var known []*record
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		known, err = load(ctx, tx, byAddresses, []string{address}, "")
		return err
	})
	if err != nil || len(known) == 1 && known[0].State == StateActive {
		return err
	}
	return s.domains.problem(ctx, address)
}
