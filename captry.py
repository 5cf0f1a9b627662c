from tests.support import captures as c
open('/tmp/cap1.pcap','wb').write(c.pcap(c.link(c.conversation()+[c.to_device(c.request(2,"miIO.config_router",[{"ssid":"x","passwd":"secret"}]),7),c.from_device(c.encrypt({"id":2,"error":{"code":-10000,"message":"no"}}),8), c.from_device(c.hello_reply(bytes(range(16))),9),c.from_device(c.packet.HEADER.pack(0x2131,80,4711,1,b"\xff"*16),10),c.from_device(b"junk",11),c.from_device(c.encrypt({"id":5,"result":[1]},token="ab"*16),17)])))
d=c.pcap(c.link(c.fragments(c.reply(result=["x"*5000]))[:1]))
open('/tmp/cap2.pcap','wb').write(d)
