// Package subscribers keeps who asked for what: addresses, their choices, the
// record of their consent, and the signed links by which they change them.
//
// A [Subscriber] is pending until the link of a confirmation mail was used,
// then active, and unsubscribed once its last digest has ended; only a new
// sign-up and a new confirmation lead back. Each chosen digest is a
// [Subscription], whose state follows the subscriber's:
//
//	subscriber             its subscriptions
//	pending                pending or ended
//	active                 active or ended, at least one active
//	active, suppressed     suppressed or ended, none active
//	pending, suppressed    pending or ended
//	unsubscribed           all ended
//
// A suppression stands beside the state, for the address: it stops every mail
// and is lifted without asking the reader again. What plans and sends looks
// for active subscriptions of active subscribers that are not suppressed, so
// every change here writes the subscriber, its subscriptions and the record of
// consent in one transaction.
package subscribers
