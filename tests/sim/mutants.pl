#!/usr/bin/perl
# make mutants: builds each entry of mutants.txt into a simulation of its own and looks for the first seed
# whose schedule the checker refuses. Prints the table as Markdown; fails when an entry is not caught within
# the seeds given, or when its text is not found any more.
#
#   mutants.pl OUT CC 'FLAGS' SEEDS JOBS [NAME …]      objects under OUT/dst, work under OUT/mutants
use strict;
use warnings;
use File::Basename;
use File::Path qw(make_path);

my ($out, $cc, $flags, $libs, $seeds, $only) = @ARGV;
my %wanted = map { $_ => 1 } grep { length } split /[ ,]+/, $only // '';
my $list = "tests/sim/mutants.txt";

# ---- the list ----
open my $in, '<', $list or die "$list: $!";
my (@mutants, $mode, $text);
while (my $line = <$in>) {
    if ($line =~ /^== (\w+): (.*)/) {
        push @mutants, {name => $1, what => $2, edits => []};
        $mode = '';
    } elsif ($line =~ /^@@ (\S+)/) {
        $mutants[-1]{file} = $1;
        $mode = '';
    } elsif ($line =~ /^<<<( all)?$/) {
        push @{$mutants[-1]{edits}}, {file => $mutants[-1]{file}, old => '', new => '', is_all => $1};
        $mode = 'old';
    } elsif ($line =~ /^>>>$/) {
        $mode = 'new';
    } elsif ($mode) {
        $mutants[-1]{edits}[-1]{$mode} .= $line;
    }
}
close $in;

sub slurp {
    my ($path) = @_;
    open my $fh, '<', $path or die "$path: $!";
    local $/;
    return scalar <$fh>;
}

sub strip { # the last line's end, and an empty line before the next entry, belong to nobody
    my ($text) = @_;
    $text =~ s/\n+\z//;
    return $text;
}

# ---- one mutant ----
# Headers are changed too: then every source that includes one is compiled anew.
sub build {
    my ($mutant) = @_;
    my $dir = "$out/mutants/$mutant->{name}";
    my %texts;
    for my $edit (@{$mutant->{edits}}) {
        $texts{$edit->{file}} //= slurp($edit->{file});
        my $old = strip($edit->{old});
        my $count = () = $texts{$edit->{file}} =~ /\Q$old\E/g;
        return "STALE: " . (split /\n/, $old)[0] . " stands $count times in $edit->{file}" if $count < 1 || ($count > 1 && !$edit->{is_all});
        my $new = strip($edit->{new});
        $texts{$edit->{file}} =~ s/\Q$old\E/$new/g;
    }
    my (%sources, @objects);
    for my $file (keys %texts) {
        make_path(dirname("$dir/src/$file"));
        open my $fh, '>', "$dir/src/$file" or die $!;
        print $fh $texts{$file};
        close $fh;
        if ($file =~ /\.c$/) {
            $sources{$file} = 1;
        } else {
            $sources{$_} = 1 for grep { !/migrations/ } split /\n/, `grep -rl '"$file"' services libcommon --include='*.c'`;
        }
    }
    my $shell = qr{^(services/[^/]+/[^/]+\.c|libcommon/rt/)};
    for my $file (sort keys %sources) {
        next unless -e "$out/dst/" . $file =~ s/\.c$/.o/r;
        my $from = -e "$dir/src/$file" ? "$dir/src/$file" : $file;
        my $object = "$dir/" . $file =~ s{/}{_}gr =~ s/\.c$/.o/r;
        my $redirect = $file =~ $shell ? '-include tests/sim/redirect.h' : '';
        my $extra = $file eq 'services/execution/page.c' ? '-DLOOK_PERIOD_NS=200000000' : '';
        my $log = `$cc -I$dir/src $flags -w -Wno-error $redirect $extra -include libcommon/build/banned.h -c $from -o $object 2>&1`;
        return "DOES NOT COMPILE: $log" if $?;
        push @objects, [$file =~ s/\.c$/.o/r, $object];
    }
    my %replaced = map { ("$out/dst/$_->[0]" => $_->[1]) } @objects;
    my @all = map { $replaced{$_} // $_ } split /\s+/, slurp("$out/dst/objects.txt");
    my $log = `$cc @all $libs -o $dir/sim 2>&1`;
    return "DOES NOT LINK: $log" if $?;
    return '';
}

my $missed = 0;
print "| mutant | what is wrong | caught at schedule | by |\n|---|---|---:|---|\n";
for my $mutant (@mutants) {
    next if %wanted && !$wanted{$mutant->{name}};
    $| = 1;
    my $trouble = build($mutant);
    if ($trouble) {
        print "| $mutant->{name} | $mutant->{what} | - | $trouble |\n";
        $missed++;
        next;
    }
    my $log = `ulimit -t 150; $out/mutants/$mutant->{name}/sim --seed=1 --runs=$seeds --stop 2>&1`;
    unlink "$out/mutants/$mutant->{name}/sim";
    if ($log =~ /FAIL seed=(\d+) .*? at=\S+ (.*)/) {
        my ($seed, $why) = ($1, substr($2, 0, 90));
        $why =~ s/[|]/ /g;
        print "| `$mutant->{name}` | $mutant->{what} | $seed | $why |\n";
    } elsif ($? != 0 && $log !~ / 0 failed/) {
        print "| `$mutant->{name}` | $mutant->{what} | 1 | it does not run: " . substr($log =~ s/\n/ /gr, 0, 80) . " |\n";
    } else {
        print "| `$mutant->{name}` | $mutant->{what} | **not caught** | |\n";
        $missed++;
    }
}
exit($missed > 0 ? 1 : 0);
