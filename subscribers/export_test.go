package subscribers

import "time"

// MailLease is how long a mail stays with a process that died.
const MailLease = mailLease

// Lanes is how many mails a postman has in hand at once.
const Lanes = laneCount

// Lease gives the postman leases of another length.
func (p *Postman) Lease(d time.Duration) { p.lease = d }

// IDsBefore, IDOf and HourOf are how ids are made.
const IDsBefore = idsBefore

func IDOf(hour int, n int64) int64 { return clockHour(hour).id(n) }

func HourOf(loc *time.Location, year int) int { return int(hourOf(loc, year)) }
