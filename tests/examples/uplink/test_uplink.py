import pytest
from uplink import ModemError, Uplink

SERVER = "tcp://203.0.113.5:8500"  # the address that the firmware knows


@pytest.fixture
def uplink(modem):
    with Uplink(modem.port, "203.0.113.5", 8500) as driver:
        yield driver


def test_sends_a_reading(modem, uplink):
    server = modem.peer(SERVER)
    uplink.send(b"21.5 C")
    server.accept().expect(b"21.5 C")


def test_connects_again_when_the_context_is_lost(modem, uplink):
    server = modem.peer(SERVER)
    uplink.send(b"one")
    modem.deactivate_pdp()
    modem.expect(op="socket.open", phase="done", within=30)
    uplink.send(b"two")
    server.accept().expect(b"one")
    server.accept().expect(b"two")


def test_gives_up_while_the_server_refuses(modem, uplink):
    modem.network.connects("refuse")
    with pytest.raises(ModemError, match="CONNECT FAIL"):
        uplink.send(b"lost", attempts=2)
    modem.assert_seen("AT+CIPSTART*", times=2)


@pytest.mark.vmodem(scenario="drop.yaml")
def test_survives_the_story(modem, uplink):
    server = modem.peer(SERVER)
    for number in range(5):
        uplink.send(b"reading %d\n" % number)
    received = server.accept().read() + server.accept().read()
    assert received.count(b"reading") == 5
