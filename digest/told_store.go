package digest

import (
	"context"
	"fmt"
)

// withoutOutdated leaves out what a system tells of a story after it told of a
// later change: a message that was held up, or that somebody sends once more. One
// of the same moment counts, unless the story was taken back in it.
func (p *put) withoutOutdated(chunk []Incoming) []Incoming {
	p.at = min(p.at, p.now) // a clock that is ahead is ours at most
	if !p.told || p.at == 0 {
		return chunk
	}
	var out []Incoming
	for i := range chunk {
		a := p.find(&chunk[i])
		if a != nil && (p.at < a.ToldAt || p.at == a.ToldAt && a.WithdrawnAt != 0) {
			p.result.Outdated++
			continue
		}
		out = append(out, chunk[i])
	}
	return out
}

// noteTold notes up to which change a system told of a story.
func (p *put) noteTold(ctx context.Context, a *storedArticle) error {
	if !p.told || p.at <= a.ToldAt {
		return nil
	}
	a.ToldAt = p.at
	if _, err := p.tx.Exec(ctx, `UPDATE articles SET told_at = $1 WHERE id = $2`, p.at, a.ID); err != nil {
		return fmt.Errorf("note what was told of article %d: %w", a.ID, err)
	}
	return nil
}
