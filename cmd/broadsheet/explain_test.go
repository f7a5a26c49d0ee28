package main_test

import (
	"testing"

	"broadsheet/mail/sink"
)

func TestDigestExplain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url, schedule: "0 0 1 1 *"}, sink.Options{})
		n.write("readers.csv", "email,topics\nada@inbox.example,topic-0\nbo@inbox.example,topic-1\n")
		n.steps([]step{
			{args: "subscriber import readers.csv --confirmed --consent list", stdout: `2 added`},
			{args: "article add --url https://courier.example/1 --title One --topic topic-0", stdout: `1 new`},
			{args: "article add --url https://courier.example/2 --title Two --topic topic-0", stdout: `1 new`},
			{args: "article add --url https://courier.example/3 --title Three --topic topic-1", stdout: `1 new`},
			{args: "article hold 2", stdout: `held`},
			{args: "digest explain daily --for ada@inbox.example", stdout: `(?s)^daily/\d+-01-01, due .*: would be sent\n.*` +
				`\nwould go +topic-0 +1 +One +section .*\nleft out +3 +Three +topic .*\nleft out +2 +Two +held `},
			{args: "digest explain daily --for ada@inbox.example --article https://courier.example/2", stdout: `\nTwo: left out, held: held since .* until it is released\n$`},
			{args: "digest explain daily --for ada@inbox.example --article 3 --output csv", stdout: `(?s)^outcome,section,id,title,rule,detail\nwould be sent,.*\nleft out,,3,Three,topic,the reader chose none of its topics\n$`},
			{args: "article hold 3", stdout: `held`},
			{args: "digest explain daily --for bo@inbox.example", stdout: `: would be skipped, nothing-new\n.*--article`},
			{args: "digest send daily --now", stdout: `due 2 = sent 1 .* skipped 1 `},
			{args: "digest explain daily --for ada@inbox.example --at 2020-01-01", stdout: `(?s): sent\nthe stories are settled.*\nwent +topic-0 +1 +One +frozen `},
			{args: "digest explain daily --for bo@inbox.example --at 2020-01-01", stdout: `: skipped, nothing-new\n`},
			{args: "digest explain daily", code: 2, stderr: `--for ADDR is missing`},
			{args: "digest explain daily --for eve@inbox.example", code: 1, stderr: `eve@inbox\.example`},
			{args: "digest explain daily --for bo@inbox.example --article 99", code: 1, stderr: `there is no article 99`},
		})
	})
}
