# Verifies DKIM signatures with Mail::DKIM, without any DNS:
#
#   perl dkim.pl NAME RECORD-FILE < MESSAGES
#
# NAME is the only name that has a TXT record, RECORD-FILE holds its text. Each
# message comes after a line with its length in octets. Prints a line a message:
# the result, and why.
use strict;
use warnings;

use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

# Zone stands in for a resolver: it knows one record.
package Zone {
    sub new {
        my ($class, $name, $text) = @_;
        return bless { name => lc $name, text => $text }, $class;
    }

    sub send {
        my ($self, $name, $type) = @_;
        my $answer = Net::DNS::Packet->new($name, $type);
        if (lc $name eq $self->{name} && uc $type eq 'TXT') {
            my @strings = unpack '(a255)*', $self->{text};
            $answer->push(answer => Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => \@strings));
        } else {
            $answer->header->rcode('NXDOMAIN');
        }
        return $answer;
    }

    sub errorstring { return 'NXDOMAIN' }
}

my ($name, $file) = @ARGV;
open my $record, '<', $file or die "$file: $!";
chomp(my $text = do { local $/; <$record> });
Mail::DKIM::DNS::resolver(Zone->new($name, $text));

binmode STDIN;
$| = 1;
while (defined(my $length = <STDIN>)) {
    chomp $length;
    my $read = read STDIN, my $message, $length;
    defined $read && $read == $length or die "a message ends before its length\n";
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT($message);
    $verifier->CLOSE;
    print $verifier->result_detail, "\n";
}
