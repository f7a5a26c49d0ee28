package db

// IsLost reports whether err means that the database went away.
func IsLost(err error) bool { return isLost(err) }
