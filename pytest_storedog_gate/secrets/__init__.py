"""What is a secret, where one stands in a request, and masking it in every form.

`names` tells by a name, `places` by where a value stands, and `masking` hides it wherever it turns
up again, whatever has encoded it. All outlets of the gate and of the local service use these.
"""
