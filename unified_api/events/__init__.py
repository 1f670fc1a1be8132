"""Events that cross the border by themselves: webhooks of providers that come in.

addresses      where those about an account arrive
receiving      proved and stored before they are answered; the answer waits for nobody
following      a worker reads again, by id, what they name
subscribing    the provider is asked for them, and told when it is over
"""
