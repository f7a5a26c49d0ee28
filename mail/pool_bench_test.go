package mail_test

import (
	"testing"

	"broadsheet/mail"
)

// BenchmarkPoolTurn is what waiting for a turn and giving it back costs beside the message, with 8 callers a connection.
func BenchmarkPoolTurn(b *testing.B) {
	for name, perSecond := range map[string]float64{"no rate": 0, "a rate": 100_000} {
		b.Run(name, func(b *testing.B) {
			var relays []*mail.Relay
			for _, relay := range []string{"a", "b", "c"} {
				r := unreal(relay, perSecond)
				r.Connections = 4
				relays = append(relays, r)
			}
			p := quietPool(0, relays...)
			defer p.Close()
			b.ReportAllocs()
			b.SetParallelism(48)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := p.Turn(b.Context(), false, func(string) {}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
