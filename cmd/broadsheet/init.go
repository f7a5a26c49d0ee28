package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
)

func (e *env) initCommand() *cobra.Command {
	var a config.Answers
	var dir, passwordFile string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented broadsheet.toml and the keys, and print the DNS records to publish",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.Checks = app.Checks()
			if passwordFile != "" {
				in, _, err := e.open(cmd.Context(), passwordFile)
				if err != nil {
					return err
				}
				defer in.Close()
				text, err := io.ReadAll(io.LimitReader(in, 4096))
				if err != nil {
					return err
				}
				a.RelayPassword = strings.TrimRight(string(text), "\r\n")
			}
			if dryRun {
				return e.initDryRun(a)
			}
			return e.init(dir, a)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", ".", "`FOLDER` to write into")
	f.StringVar(&a.SiteName, "site-name", "", "name of the publication")
	f.StringVar(&a.SiteURL, "site-url", "", "`URL` of the publication")
	f.StringVar(&a.Timezone, "timezone", "", "its `ZONE`, such as America/New_York")
	f.StringVar(&a.PostalAddress, "postal-address", "", "shown at the foot of every mail")
	f.StringVar(&a.From, "from", "", "`ADDRESS` that digests come from")
	f.StringVar(&a.PublicURL, "public-url", "", "`URL` under which readers reach this service")
	f.StringVar(&a.Listen, "listen", "", "`HOST:PORT` of the web server")
	f.StringVar(&a.DatabaseURL, "database", "", "`URL` of the database")
	f.StringVar(&a.RelayURL, "relay", "", "`URL` of the SMTP relay, such as smtp://user@smtp.example.com:587")
	f.StringVar(&passwordFile, "relay-password-file", "", "`FILE` with the password of the relay's user, - for standard input")
	f.BoolVar(&dryRun, "dry-run", false, "print the configuration and write nothing")
	f.StringVar(&a.FeedURL, "feed", "", "`URL` of the first feed")
	return cmd
}

// initDryRun writes into a temporary folder, so that what is shown is what
// would be written, and prints the configuration.
func (e *env) initDryRun(a config.Answers) error {
	dir, err := os.MkdirTemp("", "broadsheet-init-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := config.WriteInit(dir, a); err != nil {
		return err
	}
	path := filepath.Join(dir, config.FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	cfg, err := config.Load(path, nil, app.Checks())
	if err != nil {
		return err
	}
	e.warn(cfg)
	_, err = e.stdout.Write(text)
	return err
}

func (e *env) init(dir string, a config.Answers) error {
	files, err := config.WriteInit(dir, a)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: nothing was written; remove it first, or choose another --dir", err)
		}
		return err
	}
	for _, file := range files {
		fmt.Fprintf(e.stdout, "wrote %-20s %s\n", filepath.Base(file.Path), file.About)
	}
	cfg, err := config.Load(filepath.Join(dir, "broadsheet.toml"), nil, app.Checks())
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "\nPublish these DNS records, then run broadsheet check and broadsheet serve:")
	err = e.showDNS(cfg)
	e.warn(cfg)
	return err
}

// showDNS prints the records that mailbox providers look for.
func (e *env) showDNS(cfg *config.Config) error {
	var public []byte
	if cfg.Mail.DKIM != nil {
		key, err := os.ReadFile(cfg.Mail.DKIM.KeyFile)
		if err != nil {
			return fmt.Errorf("%w: %w", app.ErrConfig, err)
		}
		if public, err = config.DKIMPublic(key); err != nil {
			return fmt.Errorf("%w: %s: %w", app.ErrConfig, cfg.Mail.DKIM.KeyFile, err)
		}
	}
	tw := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, r := range config.DNSRecords(cfg, public) {
		fmt.Fprintln(tw, r)
	}
	return tw.Flush()
}
