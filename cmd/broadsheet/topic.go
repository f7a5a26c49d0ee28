package main

import (
	"github.com/spf13/cobra"

	"broadsheet/internal/app"
)

func (e *env) topicCommand() *cobra.Command {
	return noun("topic", "What readers choose", e.topicListCommand(), e.topicTestCommand())
}

func (e *env) topicListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the topics and how many articles and phrases each has", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				counts, err := a.Digests.TopicCounts(cmd.Context())
				if err != nil {
					return err
				}
				out := &list{columns: []string{"slug", "name", "articles", "phrases", "description"}, empty: "No topics are configured."}
				for _, t := range a.Setup.Topics {
					out.add(t.Slug, t.Name, counts[t.ID], len(t.Keywords)+len(t.Phrases), t.Description)
				}
				return e.show(out)
			})
		},
	}
}
