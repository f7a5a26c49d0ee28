package db

import (
	"database/sql"

	"github.com/lib/pq"
)

// OpenPool opens connections as openPostgres does, without the transactions that DB keeps to.
func OpenPool(url string) (*sql.DB, error) {
	c, err := pq.NewConnector(url)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(&connector{c}), nil
}
