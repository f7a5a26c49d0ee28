package config

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	texttemplate "text/template"
)

//go:embed init.toml.tmpl
var initTemplate string

// File is one that WriteInit wrote.
type File struct {
	Path  string
	Mode  fs.FileMode
	About string // what it is for, a few words
}

// WriteInit writes broadsheet.toml and the files it names into dir, which it
// makes if need be: the signing key of links (one line of four hexadecimal
// digits, a colon and 32 random bytes in base64), a DKIM key (RSA 2048, PKCS #8) and, if there is one, the relay's
// password. Only their owner can read them. It never overwrites: if one is
// there already it writes none, and the error is fs.ErrExist. Answers that do
// not make a valid configuration are Problems.
func WriteInit(dir string, a Answers) ([]File, error) {
	a = a.orDefaults()
	files, err := initFiles(dir, a)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if err := refuseExisting(files); err != nil {
		return nil, err
	}
	out := make([]File, 0, len(files))
	for _, f := range files {
		if err := writeNew(f); err != nil {
			for _, written := range out {
				_ = os.Remove(written.Path)
			}
			return nil, fmt.Errorf("write configuration: %w", err)
		}
		out = append(out, f.File)
	}
	return out, nil
}

// newFile is a File with what goes into it.
type newFile struct {
	File
	content []byte
}

// initFiles makes all files, the configuration last, and checks that they fit together.
func initFiles(dir string, a Answers) ([]newFile, error) {
	if strings.ContainsAny(a.RelayPassword, "\r\n\x00") {
		return nil, errors.New("write configuration: the relay's password must be one line")
	}
	keys, err := signingKey()
	if err != nil {
		return nil, err
	}
	dkim, err := dkimKey()
	if err != nil {
		return nil, err
	}
	text, err := initText(a)
	if err != nil {
		return nil, err
	}
	named := func(name, about string, content []byte) newFile {
		return newFile{File{Path: filepath.Join(dir, name), Mode: 0o600, About: about}, content}
	}
	files := []newFile{
		named("broadsheet.keys", "signs the links in mails", keys),
		named("dkim.pem", "signs the mails", dkim),
	}
	if a.RelayPassword != "" {
		files = append(files, named("relay.password", "the password of the relay", []byte(a.RelayPassword+"\n")))
	}
	files = append(files, named(FileName, "the configuration", text))
	return files, checkInit(files, a.Checks)
}

// checkInit parses the configuration as if all files were there.
func checkInit(files []newFile, checks Checks) error {
	read := func(path string) ([]byte, error) {
		for _, f := range files {
			if filepath.Base(f.Path) == filepath.Base(path) {
				return f.content, nil
			}
		}
		return nil, fs.ErrNotExist
	}
	last := files[len(files)-1]
	_, err := parse(last.Path, last.content, nil, checks, read)
	return err
}

// initText fills in the template.
func initText(a Answers) ([]byte, error) {
	t, err := texttemplate.New("init").Funcs(texttemplate.FuncMap{"toml": tomlString}).Parse(initTemplate)
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	data := struct {
		Answers
		Domain, DailyName, WeeklyName string
	}{a, addressDomain(a.From), a.SiteName + " Daily", a.SiteName + " Weekly"}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return alignComments(b.String()), nil
}

// commentColumn is where the comments behind values begin.
const commentColumn = 42

func alignComments(text string) []byte {
	var b bytes.Buffer
	for row := range strings.Lines(text) {
		// tomlString sees to it that no value holds such a #.
		if i := strings.LastIndex(row, "  #"); i > 0 && !strings.HasPrefix(row, "#") {
			value := strings.TrimRight(row[:i], " ")
			pad := max(commentColumn-len([]rune(value)), 1)
			row = value + strings.Repeat(" ", pad) + strings.TrimLeft(row[i:], " ")
		}
		b.WriteString(row)
	}
	return b.Bytes()
}

// tomlString writes a basic string (TOML 1.0), which knows fewer escapes than Go.
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	var before rune
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '#' && before == ' ': // not to be taken for a comment by alignComments
			b.WriteString(`\u0023`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
		before = r
	}
	b.WriteByte('"')
	return b.String()
}

func signingKey() ([]byte, error) {
	var raw [2 + 32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	return []byte(hex.EncodeToString(raw[:2]) + ":" + base64.StdEncoding.EncodeToString(raw[2:]) + "\n"), nil
}

func dkimKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make DKIM key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make DKIM key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func refuseExisting(files []newFile) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(f.Path); err == nil {
			there = append(there, f.Path)
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("write configuration: %w: %s; nothing was changed: move it away or choose another folder", fs.ErrExist, strings.Join(there, ", "))
	}
	return nil
}

func writeNew(f newFile) error {
	file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if err != nil {
		return err
	}
	_, err = file.Write(f.content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		_ = os.Remove(f.Path)
	}
	return err
}
