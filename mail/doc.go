// Package mail speaks the protocols of mail: addresses, messages, signatures, and handing messages to relays over SMTP.
//
// It knows no table and no template. A digest is compiled once into a [Body], whose [Body.Append] writes the message
// of one reader; a [Signer] adds the DKIM signature; a [Pool] hands it to a [Relay] and says in an [Outcome] what the
// relay's answer means.
package mail
