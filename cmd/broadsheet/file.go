package main

import (
	"errors"
	"os"
)

// createPrivate creates or empties a file for its owner alone: exports hold
// readers' addresses, and previews links that work without a login.
func createPrivate(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := f.Chmod(0o600); err != nil { // it may have been there
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

func writePrivate(path, content string) error {
	f, err := createPrivate(path)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}
