package app

import (
	"context"
	"errors"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/web"
)

func (a *App) webhooks() map[string]web.Webhook {
	out := map[string]web.Webhook{}
	for _, w := range a.Config.Webhooks {
		out[w.Slug] = web.Webhook{Kind: w.Kind, Secret: []byte(w.Secret), Topics: w.Topics}
	}
	return out
}

// told stores what a system of the newsroom told of a story, or withdraws it.
func (a *App) told(ctx context.Context, webhook string, told ingest.Hook) (result string, err error) {
	t := digest.Told{URL: told.Story.URL, GUID: told.Story.GUID, Who: "webhook:" + webhook, At: told.At}
	if told.Gone {
		done, err := a.Digests.Unpublish(ctx, t)
		switch {
		case errors.Is(err, digest.ErrNotFound):
			return "unknown", nil
		case done.Outdated:
			return "outdated", err
		case done.Changed:
			return "withdrawn", err
		}
		return "unchanged", err
	}
	put, err := a.Digests.PutTold(ctx, a.Tagger, t, told.Story)
	if err != nil {
		return "", err
	}
	if put.Outdated > 0 {
		return "outdated", nil
	}
	again, err := a.Digests.Republish(ctx, t)
	switch {
	case err != nil:
		return "", err
	case put.New > 0:
		return "new", nil
	case put.Updated > 0 || again.Changed:
		return "updated", nil
	}
	return "unchanged", nil
}
