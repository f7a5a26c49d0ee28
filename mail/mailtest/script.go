package mailtest

import (
	"fmt"
	"strings"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// Scene is something that a relay may do to a message, and what must come of it.
type Scene struct {
	Name string
	// Hook is what the server does as long as the scene lasts.
	Hook func(sink.Event) sink.Action
	// TLS lets the relay be reached by STARTTLS, which the server offers unless NoTLS is set. Login lets it ask for AUTH.
	TLS, NoTLS, Login bool
	// Down says that nothing listens.
	Down bool
	// Size is how large the message is at least.
	Size int
	// Timeouts are the relay's that are not the usual ones: short in the phase in which the server hangs.
	Timeouts mail.Timeouts
	// Quits says that it is about the end of the connection.
	Quits bool
	// Taken says that the server takes the message all the same.
	Taken bool
	// Fate is what must come of it.
	Fate Fate
}

// Touch is what an answer does to its reader.
type Touch string

// The touches.
const (
	TouchNone Touch = ""
	TouchHard Touch = "hard" // a hard bounce
	TouchSoft Touch = "soft" // a soft one
)

// Fate is what becomes of a delivery.
type Fate struct {
	Class    mail.Class
	State    string // as the ledger spells it
	Attempts int
	Touch    Touch
	Paused   bool // the edition is, until an operator resumes it
}

// The fates of the answer table. What ends on the way to the relay counts as an attempt only if text of the message may
// have left us.
var (
	accepted    = Fate{Class: mail.ClassAccepted, State: "sent", Attempts: 1}
	later       = Fate{Class: mail.ClassTemporaryRecipient, State: "pending", Attempts: 1}
	requeued    = Fate{Class: mail.ClassTemporaryPath, State: "pending"}
	halfway     = Fate{Class: mail.ClassTemporaryPath, State: "pending", Attempts: 1}
	unknown     = Fate{Class: mail.ClassPermanentRecipient, State: "failed", Attempts: 1, Touch: TouchHard}
	full        = Fate{Class: mail.ClassSoftRecipient, State: "failed", Attempts: 1, Touch: TouchSoft}
	distrusted  = Fate{Class: mail.ClassPermanentSender, State: "failed", Attempts: 1}
	paused      = Fate{Class: mail.ClassPermanentPath, State: "pending", Paused: true}
	pausedLate  = Fate{Class: mail.ClassPermanentPath, State: "pending", Attempts: 1, Paused: true}
	refused     = Fate{Class: mail.ClassPermanentMessage, State: "failed", Attempts: 1, Touch: TouchSoft}
	refusedSize = Fate{Class: mail.ClassPermanentMessage, State: "failed", Attempts: 1}
	uncertain   = Fate{Class: mail.ClassUncertain, State: "uncertain", Attempts: 1}
)

// Scenes returns every scene: the rows of the answer table, with the words of those who send them, and the ways in which
// a server can break the protocol, hang or close.
func Scenes() []Scene {
	var out []Scene
	for _, scenes := range [][]Scene{tableScenes(), providerScenes(), brokenScenes(), lateScenes(), hangingScenes(), closingScenes()} {
		out = append(out, scenes...)
	}
	return out
}

// at acts in one phase.
func at(phase sink.Phase, action sink.Action) func(sink.Event) sink.Action {
	return func(e sink.Event) sink.Action {
		if e.Phase == phase {
			return action
		}
		return sink.Action{}
	}
}

// says is a scene in which the server answers in a phase, and goes on.
func says(phase sink.Phase, reply string, fate Fate) Scene {
	first, _, _ := strings.Cut(reply, "\r\n")
	return Scene{
		Name: fmt.Sprintf("%s: %s", phase, first), Hook: at(phase, sink.Action{Reply: reply}), Fate: fate,
		TLS: phase == sink.PhaseStartTLS, Login: phase == sink.PhaseAuth,
	}
}

// does is a scene in which the server acts in a phase.
func does(name string, phase sink.Phase, action sink.Action, fate Fate) Scene {
	return Scene{
		Name: fmt.Sprintf("%s: %s", phase, name), Hook: at(phase, action), Fate: fate, Taken: action.Accept,
		TLS: phase == sink.PhaseStartTLS, Login: phase == sink.PhaseAuth, Quits: phase == sink.PhaseQuit,
	}
}

// large is more than the buffers between two sockets hold.
const large = 8 << 20

// short is how long a client waits for a server that hangs.
const short = 150 * time.Millisecond

// taken is a scene in which the server takes the message.
func taken(s Scene) Scene {
	s.Taken = true
	return s
}

// dialPhases are those before a message.
func dialPhases() []sink.Phase {
	return []sink.Phase{sink.PhaseBanner, sink.PhaseHello, sink.PhaseStartTLS, sink.PhaseAuth}
}

// commandPhases are those of a message before its text.
func commandPhases() []sink.Phase {
	return []sink.Phase{sink.PhaseMail, sink.PhaseRcpt, sink.PhaseData}
}
