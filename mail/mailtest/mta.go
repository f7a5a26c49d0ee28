package mailtest

import (
	"bufio"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	texttemplate "text/template"
	"time"
)

//go:embed testdata
var testdata embed.FS

// MTAOptions say how an MTA behaves.
type MTAOptions struct {
	// Domains are those whose addresses are all mailboxes, with the password "test". What comes after a plus in a local
	// part does not tell mailboxes apart.
	Domains []string
	// Onward names the servers, as host:port, that Postfix hands the mail for other domains to.
	Onward map[string]string
	// Verdict decides what Postfix answers to a recipient: a reply such as "550 5.1.1 no such user", or nothing to go
	// on. Nil accepts all. Calls come from several connections at once.
	Verdict func(Query) string
	// HeaderChecks are the lines of a regexp table as in header_checks(5): what Postfix refuses once it has the message.
	HeaderChecks []string
}

// MTA is a real mail server: a Postfix that delivers to a Dovecot, on loopback and with nothing outside its folder.
// What Postfix cannot hand on it returns to the envelope sender, as a rule within 10 seconds.
type MTA struct {
	dir              string
	smtp, lmtp, imap int
	policy           *policy
	keeper           *exec.Cmd
	leash            io.Closer // standard input of keeper
}

// StartMTA starts a mail server that the test's end stops. It needs root, and Debian's packages of Postfix and Dovecot.
func StartMTA(t testing.TB, o MTAOptions) *MTA {
	t.Helper()
	needForMTA(t)
	dir, err := os.MkdirTemp("", "mta-")
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	m := &MTA{dir: dir, smtp: ports[0], lmtp: ports[1], imap: ports[2], policy: newPolicy(t, o.Verdict)}
	t.Cleanup(func() { m.clean(t) })
	if err := m.configure(o); err != nil {
		t.Fatalf("configure the mail server: %v", err)
	}
	if err := m.start(); err != nil {
		t.Fatalf("start the mail server: %v", err)
	}
	return m
}

// Addr returns the host:port of SMTP. STARTTLS is offered, with a certificate that CA verifies.
func (m *MTA) Addr() string { return loopback(m.smtp) }

// IMAP returns the host:port of IMAP, without TLS.
func (m *MTA) IMAP() string { return loopback(m.imap) }

// CA returns the path of the PEM file with the certificate that Postfix shows.
func (m *MTA) CA() string { return filepath.Join(m.dir, "ca.pem") }

// Mailboxes returns how many mails are in each mailbox of a domain, by local part.
func (m *MTA) Mailboxes(domain string) (map[string]int, error) {
	files, err := filepath.Glob(filepath.Join(m.dir, "mail", domain, "*", "Maildir", "new", "*"))
	counts := make(map[string]int)
	for _, file := range files {
		counts[filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(file))))]++
	}
	return counts, err
}

// Mailbox returns the unseen mails of a mailbox, with CRLF line ends and what the servers put before them.
func (m *MTA) Mailbox(local, domain string) ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(m.dir, "mail", domain, local, "Maildir", "new", "*"))
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		out = append(out, []byte(strings.ReplaceAll(string(text), "\n", "\r\n")))
	}
	return out, nil
}

// needForMTA fails the test where a mail server cannot be run.
func needForMTA(t testing.TB) {
	t.Helper()
	var missing []string
	for file, pkg := range map[string]string{
		"/usr/sbin/postfix": "postfix", "/usr/lib/dovecot/lmtp": "dovecot-lmtpd", "/usr/lib/dovecot/imap": "dovecot-imapd",
	} {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, pkg)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Fatalf("this test needs Debian's %s, which make test installs when run as root", strings.Join(missing, " and "))
	}
	if os.Geteuid() != 0 {
		t.Fatal("this test starts Postfix and Dovecot, which only root may do: run it as root, such as in a container")
	}
}

// listen listens on a port of loopback that no outgoing connection is given, now or later.
func listen(t testing.TB) net.Listener {
	t.Helper()
	for range 100 {
		if ln, err := net.Listen("tcp", loopback(10_000+rand.N(10_000))); err == nil {
			return ln
		}
	}
	t.Fatal("no free port was found between 10000 and 20000")
	return nil
}

// freePorts returns n different ports that listen would find.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var out []int
	for range n {
		ln := listen(t)
		defer ln.Close()
		out = append(out, portOf(ln))
	}
	return out
}

func portOf(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// configure fills the folder. Postfix and Dovecot run as several users, who must all get to it.
func (m *MTA) configure(o MTAOptions) error {
	for name, mode := range map[string]os.FileMode{
		"": 0o755, "postfix": 0o755, "queue": 0o755, "data": 0o755, "log": 0o755, "run": 0o755, "mail": 0o777,
	} {
		dir := filepath.Join(m.dir, name)
		if err := errors.Join(os.MkdirAll(dir, mode), os.Chmod(dir, mode)); err != nil {
			return err
		}
	}
	if err := m.giveToPostfix("data"); err != nil {
		return err
	}
	data := map[string]any{
		"Dir": m.dir, "SMTP": m.smtp, "LMTP": m.lmtp, "IMAP": m.imap, "Policy": portOf(m.policy.listener), "Domains": o.Domains, "Onward": o.Onward,
	}
	for name, to := range map[string]string{"main.cf": "postfix/main.cf", "master.cf": "postfix/master.cf", "dovecot.conf": "dovecot.conf"} {
		if err := m.fill(name, to, data); err != nil {
			return err
		}
	}
	checks := strings.Join(append(o.HeaderChecks, ""), "\n")
	if err := os.WriteFile(filepath.Join(m.dir, "header_checks"), []byte(checks), 0o644); err != nil {
		return err
	}
	return m.writeCertificate()
}

// giveToPostfix makes a folder Postfix's own, which it insists on.
func (m *MTA) giveToPostfix(name string) error {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	return os.Chown(filepath.Join(m.dir, name), uid, -1)
}

// fill writes a file of testdata with data in its slots.
func (m *MTA) fill(name, to string, data any) error {
	parsed, err := texttemplate.New(name).Option("missingkey=error").ParseFS(testdata, "testdata/"+name)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := parsed.Execute(&b, data); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, to), []byte(b.String()), 0o644)
}

// writeCertificate writes a certificate for whom it shall convince, and with its key for Postfix.
func (m *MTA) writeCertificate() error {
	server, _, err := Certificate()
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.Certificates[0].PrivateKey)
	if err != nil {
		return err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificates[0].Certificate[0]})
	if err := os.WriteFile(m.CA(), certificate, 0o644); err != nil {
		return err
	}
	chain := slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), certificate)
	return os.WriteFile(filepath.Join(m.dir, "chain.pem"), chain, 0o600)
}

// start starts a keeper, which starts the servers and stops them when its standard input ends.
func (m *MTA) start() error {
	script, err := testdata.ReadFile("testdata/mta.sh")
	if err != nil {
		return err
	}
	keeper := exec.Command("/bin/sh", "-c", string(script), "mta", m.dir)
	leash, err := keeper.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := keeper.StdoutPipe()
	if err != nil {
		return err
	}
	if err := keeper.Start(); err != nil {
		return err
	}
	m.keeper, m.leash = keeper, leash
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		return errors.New("start Postfix and Dovecot: they are not ready")
	}
	return nil
}

// stop stops the servers, and kills their keeper if that takes long.
func (m *MTA) stop() error {
	if m.keeper == nil {
		return nil
	}
	m.leash.Close()
	late := time.AfterFunc(time.Minute, func() { m.keeper.Process.Kill() })
	defer late.Stop()
	return m.keeper.Wait()
}

// clean ends everything and removes the folder, but for the logs of a test that failed.
func (m *MTA) clean(t testing.TB) {
	if err := m.stop(); err != nil {
		t.Errorf("stop the mail server: %v", err)
	}
	m.policy.close()
	if !t.Failed() {
		os.RemoveAll(m.dir)
		return
	}
	entries, _ := os.ReadDir(m.dir)
	for _, e := range entries {
		if e.Name() != "log" {
			os.RemoveAll(filepath.Join(m.dir, e.Name()))
		}
	}
	t.Logf("the logs of the mail server are in %s and end so:\n%s", filepath.Join(m.dir, "log"), m.logs())
}

// logs returns the ends of all logs.
func (m *MTA) logs() string {
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(m.dir, "log", "*"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		fmt.Fprintf(&b, "%s:\n%s\n", filepath.Base(file), text[max(0, len(text)-3000):])
	}
	return b.String()
}
