package digest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotOffered says that an article cannot be sent as it stands.
var ErrNotOffered = errors.New("it cannot be sent")

// checkArticle refuses a story that editors hold back or took back.
func (p *Planner) checkArticle(ctx context.Context, s *Send, now time.Time) error {
	if s.ArticleID == 0 {
		return nil
	}
	a, err := p.store.Article(ctx, s.ArticleID, "")
	if err != nil {
		return err
	}
	switch state := a.State(now); state {
	case ArticleWithdrawn:
		return fmt.Errorf("article %d was withdrawn: %w", a.ID, ErrNotOffered)
	case ArticleHeld, ArticleEmbargo:
		return fmt.Errorf("article %d is held back: %w until it is released", a.ID, ErrNotOffered)
	case ArticleFolded:
		return fmt.Errorf("article %d was folded into article %d: %w by itself unless it is released", a.ID, a.LeadID, ErrNotOffered)
	}
	return nil
}
