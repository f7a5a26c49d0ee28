package digest

// Verdict is what choosing made of one candidate for a reader.
type Verdict struct {
	ArticleID int64
	Chosen    bool
	Section   int64  // where it stands: a topic, SectionTop or SectionLatest; 0 if it was not chosen
	Rule      Rule   // the one that decided
	Detail    string // with its values, for people: "published 9 days ago, max_age is 7 days"
}

// Rule names what decided about a candidate.
type Rule string

// The rules, in the order in which they are asked. A story is left out by the
// first that speaks against it.
const (
	RuleWithdrawn Rule = "withdrawn" // it was withdrawn
	RuleFolded    Rule = "folded"    // it was folded into another story
	RuleEmbargo   Rule = "embargo"   // it is held back until a time
	RuleHeld      Rule = "held"      // it is held back until it is released
	RuleGone      Rule = "topic"     // none of its topics brings it to the reader
	RuleOffered   Rule = "offered"   // an earlier run offered it
	RuleWindow    Rule = "window"    // it did not come in the window
	RuleHad       Rule = "had"       // the reader already has it
	RuleAge       Rule = "max-age"   // it is too old
	RuleAudience  Rule = "audience"  // it is for other readers
	RuleLanguage  Rule = "language"  // it is in another language than the reader's
	RuleSection   Rule = "section"   // it stands in a section
	RulePerTopic  Rule = "per-topic" // the sections of its topics are full
	RuleMaxItems  Rule = "max-items" // the digest is full
	RuleVariety   Rule = "diversity" // it gave way to a story of another source
)
