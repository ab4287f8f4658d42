"""SIMCom modules: the SIM800 TCP/IP toolkit and what surrounds it."""
